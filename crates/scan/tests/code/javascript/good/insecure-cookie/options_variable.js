const options = { httpOnly: true, secure: true, sameSite: 'lax' };
app.post('/login', async (req, res) => {
  res.cookie('session', await start(req.body), options);
  res.end();
});

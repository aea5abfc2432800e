app.post('/login', async (req, res) => {
  const token = await issue(req.body);
  res.cookie('token', token, { httpOnly: true, secure: true, sameSite: 'strict', maxAge: 900000 });
  res.json({ ok: true });
});

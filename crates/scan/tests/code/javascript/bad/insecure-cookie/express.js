app.post('/login', async (req, res) => {
  const token = await issue(req.body);
  res.cookie('token', token, { httpOnly: true });
  res.json({ ok: true });
});

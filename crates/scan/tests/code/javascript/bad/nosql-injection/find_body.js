app.post('/login', async (req, res) => {
  const user = await User.findOne(req.body);
  res.json({ ok: Boolean(user) });
});

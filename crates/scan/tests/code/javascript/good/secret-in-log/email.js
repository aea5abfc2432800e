app.post('/login', (req, res) => {
  const { email, password } = req.body;
  console.log('login of', email);
  res.json({ ok: check(email, password) });
});

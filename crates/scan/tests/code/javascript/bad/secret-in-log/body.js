app.post('/login', (req, res) => {
  const { email, password } = req.body;
  console.log('login', email, password);
  res.end();
});

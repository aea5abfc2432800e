const OPERATIONS = { add: (a, b) => a + b, sub: (a, b) => a - b };
app.get('/calc', (req, res) => {
  const run = OPERATIONS[req.query.op];
  if (!run) return res.status(400).end();
  res.json({ result: run(Number(req.query.a), Number(req.query.b)) });
});

app.get('/users', async (req, res) => {
  const { search } = req.query;
  const rows = await db.query(`SELECT id, name FROM users WHERE name LIKE '%${search}%'`);
  res.json(rows);
});

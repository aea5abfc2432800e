router.get('/products', async (req, res) => {
  let sql = 'SELECT * FROM products';
  if (req.query.sort) {
    sql += ' ORDER BY ' + req.query.sort;
  }
  const [rows] = await sequelize.query(sql);
  res.json(rows);
});

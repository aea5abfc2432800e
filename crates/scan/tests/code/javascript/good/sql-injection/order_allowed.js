const SORTABLE = ['name', 'price'];
router.get('/products', async (req, res) => {
  const sort = req.query.sort;
  if (!SORTABLE.includes(sort)) return res.status(400).end();
  const [rows] = await sequelize.query('SELECT * FROM products ORDER BY ' + sort);
  res.json(rows);
});

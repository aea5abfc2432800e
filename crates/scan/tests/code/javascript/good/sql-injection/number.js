app.get('/page', async (req, res) => {
  const page = Number(req.query.page) || 0;
  res.json(await db.all(`SELECT * FROM posts LIMIT 20 OFFSET ${page * 20}`));
});

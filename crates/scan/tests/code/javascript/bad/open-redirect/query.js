app.get('/out', (req, res) => {
  res.redirect(req.query.url);
});

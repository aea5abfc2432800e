app.get('/out', (req, res) => {
  res.redirect('/login?next=' + encodeURIComponent(req.query.url));
});

router.get('/avatar', (req, res) => {
  res.sendFile('/srv/avatars/' + req.query.file);
});

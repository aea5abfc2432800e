router.get('/avatar', (req, res) => {
  res.sendFile(req.query.file, { root: '/srv/avatars' });
});

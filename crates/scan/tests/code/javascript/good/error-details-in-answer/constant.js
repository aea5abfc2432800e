app.use((err, req, res, next) => {
  req.log.error(err);
  res.status(500).json({ message: 'internal error', id: req.id });
});

app.use((req, res, next) => {
  const apiKey = req.get('x-api-key');
  if (apiKey !== config.apiKey) return res.status(401).end();
  next();
});

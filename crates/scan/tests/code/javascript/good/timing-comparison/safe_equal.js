app.use((req, res, next) => {
  const given = Buffer.from(req.get('x-api-key') ?? '');
  if (given.length !== KEY.length || !crypto.timingSafeEqual(given, KEY)) return res.status(401).end();
  next();
});

app.get('/proxy', async (req, res) => {
  const target = new URL(req.query.url);
  if (!ALLOWED_HOSTS.includes(target.hostname)) return res.status(400).end();
  const answer = await fetch(target);
  res.json(await answer.json());
});

app.put('/profile', requireAuth, async (req, res) => {
  const user = await currentUser(req);
  Object.assign(user, req.body);
  await user.save();
  res.json({ ok: true });
});

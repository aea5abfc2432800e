app.put('/profile', requireAuth, async (req, res) => {
  const user = await currentUser(req);
  const { name, email, bio } = req.body;
  Object.assign(user, { name, email, bio });
  await user.save();
  res.json({ ok: true });
});

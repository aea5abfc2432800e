router.patch('/me', async (req, res) => {
  const changes = profileSchema.parse(req.body);
  await User.updateOne({ id: req.user.id }, changes);
  res.end();
});

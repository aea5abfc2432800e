router.patch('/me', async (req, res) => {
  const changes = { ...req.body, updatedAt: new Date() };
  await User.updateOne({ id: req.user.id }, changes);
  res.end();
});

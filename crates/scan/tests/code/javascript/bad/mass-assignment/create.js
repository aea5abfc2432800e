router.post('/users', async (req, res) => {
  const user = await User.create(req.body);
  res.status(201).json({ id: user.id });
});

router.post('/users', async (req, res) => {
  const user = await User.create(pick(req.body, ['name', 'email']));
  res.status(201).json({ id: user.id });
});

router.patch('/me', async (req, res) => {
  for (const key of ['name', 'email']) {
    account[key] = req.body[key];
  }
  await account.save();
  res.end();
});

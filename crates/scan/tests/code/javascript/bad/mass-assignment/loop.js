router.patch('/me', async (req, res) => {
  for (const key in req.body) {
    account[key] = req.body[key];
  }
  await account.save();
  res.end();
});

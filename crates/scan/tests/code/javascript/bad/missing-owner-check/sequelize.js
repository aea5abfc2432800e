app.delete('/notes/:id', authenticate, async (req, res) => {
  const note = await Note.findByPk(req.params.id);
  await note.destroy();
  req.log.info(req.user.id);
  res.status(204).end();
});

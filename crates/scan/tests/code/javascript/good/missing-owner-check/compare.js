app.delete('/notes/:id', authenticate, async (req, res) => {
  const note = await Note.findByPk(req.params.id);
  if (!note || note.userId !== req.user.id) return res.status(404).end();
  await note.destroy();
  res.status(204).end();
});

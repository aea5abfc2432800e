async function show(id) {
  const comment = await load(id);
  document.getElementById('comments').textContent = comment.text;
}

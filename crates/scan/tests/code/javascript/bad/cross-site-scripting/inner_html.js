async function show(id) {
  const comment = await load(id);
  document.getElementById('comments').innerHTML += `<p>${comment.text}</p>`;
}

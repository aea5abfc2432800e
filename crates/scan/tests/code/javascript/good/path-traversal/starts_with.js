const fs = require('fs');
const path = require('path');
app.get('/files/:name', (req, res) => {
  const file = path.resolve(ROOT, req.params.name);
  if (!file.startsWith(ROOT + path.sep)) return res.status(404).end();
  fs.readFile(file, 'utf8', (err, data) => res.json({ data }));
});

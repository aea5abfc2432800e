const fs = require('fs');
const path = require('path');
app.get('/files/:name', (req, res) => {
  const file = path.join(__dirname, 'files', req.params.name);
  fs.readFile(file, 'utf8', (err, data) => res.json({ data }));
});

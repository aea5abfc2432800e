const { execFile } = require('child_process');
app.post('/ping', (req, res) => {
  execFile('ping', ['-c', '1', req.body.host], (err, out) => res.json({ out }));
});

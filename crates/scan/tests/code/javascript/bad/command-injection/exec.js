const { exec } = require('child_process');
app.post('/ping', (req, res) => {
  exec('ping -c 1 ' + req.body.host, (err, out) => res.json({ out }));
});

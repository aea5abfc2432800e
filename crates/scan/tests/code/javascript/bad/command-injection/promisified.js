const util = require('util');
const run = util.promisify(require('child_process').exec);
app.get('/list', async (req, res) => {
  const { stdout } = await run(`ls ${req.query.directory}`);
  res.json({ stdout });
});

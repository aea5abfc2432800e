const ejs = require('ejs');
app.get('/greet', (req, res) => {
  res.json({ text: ejs.render('Hello <%= name %>', { name: req.query.name }) });
});

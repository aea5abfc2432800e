const ejs = require('ejs');
app.get('/greet', (req, res) => {
  res.type('txt').json(ejs.render('Hello ' + req.query.name));
});

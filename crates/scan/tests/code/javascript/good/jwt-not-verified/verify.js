const jwt = require('jsonwebtoken');
function auth(req, res, next) {
  const token = req.headers.authorization.split(' ')[1];
  req.user = jwt.verify(token, publicKey, { algorithms: ['EdDSA'] });
  next();
}

const jwt = require('jsonwebtoken');
function auth(token) {
  return jwt.verify(token, process.env.JWT_KEY);
}

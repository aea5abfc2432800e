const crypto = require('crypto');
function register(name, password) {
  const hash = crypto.createHash('sha256').update(password).digest('hex');
  return save(name, hash);
}

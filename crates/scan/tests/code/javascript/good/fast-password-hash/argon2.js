const argon2 = require('argon2');
async function register(name, password) {
  return save(name, await argon2.hash(password));
}

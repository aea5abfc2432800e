const jwt = require('jsonwebtoken');
const issue = (id) => jwt.sign({ id }, 'supersecretkey', { expiresIn: '15m' });

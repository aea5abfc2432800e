function findByEmail(pool, email) {
  const sql = 'SELECT * FROM users WHERE email = ?';
  return pool.query(sql, [email]);
}

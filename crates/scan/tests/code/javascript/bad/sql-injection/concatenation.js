function findByEmail(pool, email) {
  const sql = "SELECT * FROM users WHERE email = '" + email + "'";
  return pool.query(sql);
}

async function load(pool, ids) {
  const marks = ids.map((_, i) => `$${i + 1}`).join(', ');
  return pool.query(`SELECT * FROM orders WHERE id IN (${marks})`, ids);
}

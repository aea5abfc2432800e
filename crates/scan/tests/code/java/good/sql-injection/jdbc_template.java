class Orders {
    List<Order> byStatus(JdbcTemplate jdbc, String status) {
        return jdbc.query("SELECT * FROM orders WHERE status = ?", mapper, status);
    }
}

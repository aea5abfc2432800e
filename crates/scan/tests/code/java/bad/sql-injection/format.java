class Orders {
    List<Order> byStatus(JdbcTemplate jdbc, String status) {
        String sql = String.format("SELECT * FROM orders WHERE status = '%s'", status);
        return jdbc.query(sql, mapper);
    }
}

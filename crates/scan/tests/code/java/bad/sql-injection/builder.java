class Report {
    @GetMapping("/report")
    List<Row> report(@RequestParam String sort) {
        StringBuilder sql = new StringBuilder("SELECT * FROM report");
        sql.append(" ORDER BY ").append(sort);
        return jdbcTemplate.queryForList(sql.toString());
    }
}

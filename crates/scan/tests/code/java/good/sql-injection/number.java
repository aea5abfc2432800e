class Posts {
    @GetMapping("/posts")
    List<Row> posts(@RequestParam int page) {
        return jdbcTemplate.queryForList("SELECT * FROM posts LIMIT 20 OFFSET " + page * 20);
    }
}

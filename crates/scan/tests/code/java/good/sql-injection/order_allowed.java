class Report {
    private static final Set<String> SORTABLE = Set.of("name", "total");

    @GetMapping("/report")
    List<Row> report(@RequestParam String sort) {
        if (!SORTABLE.contains(sort)) {
            throw new ResponseStatusException(HttpStatus.BAD_REQUEST);
        }
        return jdbcTemplate.queryForList("SELECT * FROM report ORDER BY " + sort);
    }
}

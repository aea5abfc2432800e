class Calc {
    @GetMapping("/calc")
    Object calc(@RequestParam String field) {
        return new SpelExpressionParser().parseExpression("total * 2").getValue(load(field));
    }
}

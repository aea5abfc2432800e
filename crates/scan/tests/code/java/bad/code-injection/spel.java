class Calc {
    @GetMapping("/calc")
    Object calc(@RequestParam String expr) {
        return new SpelExpressionParser().parseExpression(expr).getValue();
    }
}

class Greeting {
    @GetMapping(value = "/greet", produces = "text/html")
    String greet(@RequestParam String name) {
        return "<p>Hi " + name + "</p>";
    }
}

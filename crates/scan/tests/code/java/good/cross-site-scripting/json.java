class Greeting {
    @GetMapping("/greet")
    Map<String, String> greet(@RequestParam String name) {
        return Map.of("name", name);
    }
}

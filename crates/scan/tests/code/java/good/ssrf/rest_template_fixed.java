class Preview {
    @PostMapping("/preview")
    String preview(@RequestParam String id) {
        return restTemplate.getForObject("https://api.example.com/pages/" + id, String.class);
    }
}

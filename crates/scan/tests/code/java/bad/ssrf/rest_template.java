class Preview {
    @PostMapping("/preview")
    String preview(@RequestParam String url) {
        return restTemplate.getForObject(url, String.class);
    }
}

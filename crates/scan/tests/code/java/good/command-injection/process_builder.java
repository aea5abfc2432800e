class Ping {
    @GetMapping("/ping")
    String ping(@RequestParam String host) throws IOException {
        Process process = new ProcessBuilder("ping", "-c", "1", host).start();
        return read(process);
    }
}

class Ping {
    @GetMapping("/ping")
    String ping(@RequestParam String host) throws IOException {
        Process process = Runtime.getRuntime().exec("ping -c 1 " + host);
        return read(process);
    }
}

class Logs {
    @GetMapping("/logs/{name}")
    String log(@PathVariable String name) throws IOException {
        return Files.readString(Paths.get("/var/log/app").resolve(name));
    }
}

class Logs {
    @GetMapping("/logs/{name}")
    String log(@PathVariable String name) throws IOException {
        Path full = ROOT.resolve(name).normalize();
        if (!full.startsWith(ROOT)) {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND);
        }
        return Files.readString(full);
    }
}

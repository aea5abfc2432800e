class Files2 {
    @GetMapping("/files")
    Resource file(@RequestParam String name) {
        File file = new File("/srv/files/" + name);
        return new InputStreamResource(open(file));
    }
}

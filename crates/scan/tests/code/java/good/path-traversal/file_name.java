class Files2 {
    @GetMapping("/files")
    Resource file(@RequestParam String name) {
        String safe = FilenameUtils.getName(name);
        File file = new File("/srv/files/" + safe);
        return new InputStreamResource(open(file));
    }
}

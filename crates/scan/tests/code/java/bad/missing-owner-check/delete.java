class NoteController {
    @DeleteMapping("/notes/{id}")
    void delete(@PathVariable Long id, @AuthenticationPrincipal UserDetails user) {
        log.info("deleting {}", id);
        notes.deleteById(id);
    }
}

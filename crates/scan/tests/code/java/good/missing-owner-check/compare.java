class NoteController {
    @DeleteMapping("/notes/{id}")
    void delete(@PathVariable Long id, @AuthenticationPrincipal UserDetails user) {
        Note note = notes.findById(id).orElseThrow();
        if (!note.getOwner().equals(user.getUsername())) {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND);
        }
        notes.delete(note);
    }
}

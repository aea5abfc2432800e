class Users {
    @PutMapping("/users/me")
    void update(@RequestBody UserUpdateRequest body, Principal principal) {
        User user = userRepository.findByName(principal.getName());
        user.setName(body.name());
        userRepository.save(user);
    }
}

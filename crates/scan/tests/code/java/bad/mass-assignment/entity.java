class Users {
    @PutMapping("/users/me")
    void update(@RequestBody User user) {
        userRepository.save(user);
    }
}

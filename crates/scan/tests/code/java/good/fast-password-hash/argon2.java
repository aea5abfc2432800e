class Passwords {
    String hash(String password) {
        return new Argon2PasswordEncoder(16, 32, 1, 19456, 2).encode(password);
    }
}

class Login2 {
    void login(String name, String password) {
        log.info("login {} {}", name, password);
    }
}

class Login {
    void login(HttpServletResponse response, String token) {
        Cookie cookie = new Cookie("session", token);
        cookie.setHttpOnly(true);
        response.addCookie(cookie);
    }
}

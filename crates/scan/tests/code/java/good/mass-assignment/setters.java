class Profile {
    void update(HttpServletRequest request, User user) {
        user.setName(request.getParameter("name"));
        user.setEmail(request.getParameter("email"));
    }
}

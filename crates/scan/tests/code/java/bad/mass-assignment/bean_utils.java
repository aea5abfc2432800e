class Profile {
    void update(HttpServletRequest request, User user) throws Exception {
        BeanUtils.populate(user, request.getParameterMap());
    }
}

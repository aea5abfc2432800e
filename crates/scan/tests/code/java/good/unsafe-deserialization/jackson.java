class State {
    Cart read(HttpServletRequest request) throws Exception {
        return objectMapper.readValue(request.getInputStream(), Cart.class);
    }
}

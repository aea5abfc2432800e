class CorsFilter implements Filter {
    void apply(HttpServletRequest request, HttpServletResponse response) {
        String origin = request.getHeader("Origin");
        if (ALLOWED.contains(origin)) {
            response.setHeader("Access-Control-Allow-Origin", origin);
        }
    }
}

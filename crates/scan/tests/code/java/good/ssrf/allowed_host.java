class Fetch {
    void fetch(HttpServletRequest request) throws IOException {
        URI uri = URI.create(request.getParameter("u"));
        if (!ALLOWED_HOSTS.contains(uri.getHost())) {
            throw new IllegalArgumentException("host");
        }
        copy(uri.toURL().openStream());
    }
}

class Fetch {
    void fetch(HttpServletRequest request) throws IOException {
        URL url = new URL(request.getParameter("u"));
        copy(url.openStream());
    }
}

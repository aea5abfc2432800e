class Hook {
    boolean verify(HttpServletRequest request, String expectedSignature) {
        String given = request.getHeader("X-Signature");
        return expectedSignature.equals(given);
    }
}

class Hook {
    boolean verify(HttpServletRequest request, byte[] expected) {
        byte[] given = request.getHeader("X-Signature").getBytes();
        return MessageDigest.isEqual(expected, given);
    }
}

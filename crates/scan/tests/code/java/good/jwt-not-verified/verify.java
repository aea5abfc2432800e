class Tokens {
    String subject(String token) {
        DecodedJWT decoded = JWT.require(algorithm).build().verify(token);
        return decoded.getSubject();
    }
}

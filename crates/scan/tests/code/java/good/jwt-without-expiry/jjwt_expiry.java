class Issue {
    String issue(User user) {
        Date end = Date.from(Instant.now().plus(15, ChronoUnit.MINUTES));
        return Jwts.builder().setSubject(user.getName()).setExpiration(end).signWith(key).compact();
    }
}

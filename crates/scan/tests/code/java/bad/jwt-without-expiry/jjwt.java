class Issue {
    String issue(User user) {
        return Jwts.builder().setSubject(user.getName()).signWith(key).compact();
    }
}

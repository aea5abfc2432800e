class Issue {
    Algorithm algorithm() {
        return Algorithm.none();
    }
}

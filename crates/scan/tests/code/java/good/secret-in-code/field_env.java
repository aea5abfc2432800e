class Config {
    private static final String API_KEY = System.getenv("API_KEY");
}

class Config {
    private static final String API_KEY = "rX8mK2vQ7pZ4tLw9NcB5yHd3";
}

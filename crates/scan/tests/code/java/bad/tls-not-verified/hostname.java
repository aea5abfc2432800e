class Client {
    void setUp(HttpsURLConnection connection) {
        connection.setHostnameVerifier((host, session) -> true);
    }
}

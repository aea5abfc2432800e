class Client {
    void setUp(HttpsURLConnection connection) {
        connection.setSSLSocketFactory(ownAuthority());
    }
}

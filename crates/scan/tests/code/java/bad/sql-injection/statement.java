@RestController
class UserController {
    @GetMapping("/users")
    List<User> search(@RequestParam String search) throws SQLException {
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT * FROM users WHERE name = '" + search + "'");
        return read(rows);
    }
}

@RestController
class UserController {
    @GetMapping("/users")
    List<User> search(@RequestParam String search) throws SQLException {
        PreparedStatement statement = connection.prepareStatement("SELECT * FROM users WHERE name = ?");
        statement.setString(1, search);
        return read(statement.executeQuery());
    }
}

//! Logins by their path.

use openapi::Spelling;

/// Whether a request with a body is a login: to a configured path, or to one whose last segment is a word for logging in,
/// with or without an ending (`login.json`, `login.php`).
pub(crate) fn is_login(path: &str, configured: &[String]) -> bool {
    const LOGIN: [&str; 7] = ["login", "signin", "sign-in", "authenticate", "token", "session", "sessions"];
    let last = || Spelling::Loose.segments(path).last();
    configured
        .iter()
        .any(|configured| Spelling::Loose.segments(configured).eq(Spelling::Loose.segments(path)))
        || last().is_some_and(|last| last.split('.').next().is_some_and(|word| LOGIN.contains(&word)))
}

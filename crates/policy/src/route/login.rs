//! Logins by their path, and by their body where the path does not say it.

use openapi::Spelling;

/// What is known of a request's body when its routes are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carries {
    /// It has none.
    Nothing,
    /// It has one that has not been read.
    Body,
    /// It has one with the fields of a login.
    Login,
}

/// How far a path says that a request with a body is a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginPath {
    /// It is one.
    Sure,
    /// It is one if its body looks like it: sessions are also those of a course or a game.
    ByBody,
}

/// Whether requests with a body to this path are logins: to a configured path, or to one whose last segment is a word for
/// logging in, with or without an ending (`login.json`, `login.php`).
pub(crate) fn login_path(path: &str, configured: &[String]) -> Option<LoginPath> {
    const SURE: [&str; 5] = ["login", "signin", "sign-in", "authenticate", TOKEN];
    const BY_BODY: [&str; 2] = ["session", "sessions"];
    let segments = |path| Spelling::Loose.segments(path);
    if configured.iter().any(|configured| segments(configured).eq(segments(path))) {
        return Some(LoginPath::Sure);
    }
    let last = Spelling::Loose.segments(path).last()?;
    match word(&last) {
        word if SURE.contains(&word) => Some(LoginPath::Sure),
        word if BY_BODY.contains(&word) => Some(LoginPath::ByBody),
        _ => None,
    }
}

/// Whether a path is that of a token endpoint (RFC 6749 §3.2), whose clients ask in a loop (RFC 8628 §3.5).
pub fn is_token_endpoint(path: &str) -> bool {
    Spelling::Loose.segments(path).last().is_some_and(|last| word(&last) == TOKEN)
}

const TOKEN: &str = "token";

/// A segment without its ending.
fn word(segment: &str) -> &str {
    segment.split('.').next().unwrap_or(segment)
}

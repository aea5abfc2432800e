//! What may be shown of a value in a line of the log.

/// A piece of what was seen, short enough for a line, control bytes shown.
pub(crate) fn excerpt(value: &[u8]) -> String {
    const LONGEST: usize = 120;
    let shown = String::from_utf8_lossy(&value[..value.len().min(LONGEST)]);
    let mut text = String::with_capacity(shown.len());
    for character in shown.chars() {
        match character {
            // Harmless, and escaped once more where the line is written.
            '\'' | '"' => text.push(character),
            other => text.extend(other.escape_debug()),
        }
    }
    if value.len() > LONGEST {
        text.push('…');
    }
    text
}

/// Whether what stands under this name is a secret that must not reach a log.
pub(crate) fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "password",
        "passwd",
        "pwd",
        "secret",
        "token",
        "authorization",
        "cookie",
        "api_key",
        "apikey",
        "api-key",
        "session",
        "credential",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

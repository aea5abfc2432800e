//! What may be shown of a value in a line of the log.

use std::ops::Range;

/// Stands in place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// Bytes of a value that a line shows.
const LONGEST: usize = 120;

/// The beginning of a value, short enough for a line, control characters escaped.
pub(crate) fn excerpt(value: &[u8]) -> String {
    excerpt_around(value, 0..0)
}

/// The text around a part of a value, short enough for a line, control characters escaped. What is left out shows as `…`.
pub(crate) fn excerpt_around(value: &[u8], part: Range<usize>) -> String {
    /// Bytes shown before the part.
    const BEFORE: usize = 30;
    let latest = value.len().saturating_sub(LONGEST);
    let start = if part.end <= LONGEST { 0 } else { part.start.saturating_sub(BEFORE).min(latest) };
    let end = value.len().min(start + LONGEST);
    let shown = String::from_utf8_lossy(value.get(start..end).unwrap_or_default());
    let mut text = String::with_capacity(shown.len() + 6);
    if start > 0 {
        text.push('…');
    }
    for character in shown.chars() {
        match character {
            // Harmless, and escaped once more where the line is written.
            '\'' | '"' => text.push(character),
            other => text.extend(other.escape_debug()),
        }
    }
    if end < value.len() {
        text.push('…');
    }
    text
}

/// Whether a name announces a secret, which must not reach a log.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_the_part_and_what_is_around_it() {
        let long = format!("{}<x>{}", "a".repeat(500), "b".repeat(500));
        for (value, part, shown) in [
            ("short", 0..0, "short".to_owned()),
            ("tab\tquote'", 0..0, "tab\\tquote'".to_owned()),
            (&long, 0..0, format!("{}…", "a".repeat(120))),
            (&long, 500..503, format!("…{}<x>{}…", "a".repeat(30), "b".repeat(87))),
            (&long, 1000..1003, format!("…{}", "b".repeat(120))),
            (&long, 5000..6000, format!("…{}", "b".repeat(120))),
        ] {
            assert_eq!(excerpt_around(value.as_bytes(), part.clone()), shown, "{part:?}");
        }
    }

    #[test]
    fn names_of_secrets_are_known_by_their_words() {
        for (name, secret) in [("user_password", true), ("X-Api-Key", true), ("name", false)] {
            assert_eq!(is_secret(name), secret, "{name}");
        }
    }
}

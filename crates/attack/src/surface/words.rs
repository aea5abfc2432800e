//! The words of a name.

/// The words of a path or a name: `createLogIn`, `log-in` and `/log_in` have `log` and `in`.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            let begins =
                !last.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && last.is_ascii_lowercase());
            if begins || words.is_empty() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(c.to_ascii_lowercase());
            }
        }
        last = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_by_signs_and_by_capitals() {
        for (text, expected) in [
            ("createLogIn", &["create", "log", "in"][..]),
            ("/auth/log_in", &["auth", "log", "in"]),
            ("getURL", &["get", "url"]),
            ("", &[]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }
}

//! Directives: a name and its arguments, over continuation lines, with quotes.

use std::sync::Arc;

/// A directive with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// `SecRule`, `SecAction`, `Include`, ...
    pub name: String,
    /// Its arguments, unquoted.
    pub arguments: Vec<String>,
    /// The file.
    pub file: Arc<str>,
    /// The line on which it begins, from one.
    pub line: usize,
}

/// What is wrong in a rule file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct SyntaxError {
    /// The file.
    pub file: Arc<str>,
    /// The line, from one.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// The directives of a file.
///
/// # Errors
/// When a quote is not closed.
pub fn directives(file: &str, text: &str) -> Result<Vec<Directive>, SyntaxError> {
    let file: Arc<str> = file.into();
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, first)) = lines.next() {
        let trimmed = first.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let mut whole = String::new();
        let mut line = first;
        loop {
            match line.trim_end().strip_suffix('\\') {
                Some(continued) => whole.push_str(continued.trim_start()),
                None => {
                    whole.push_str(line.trim_start());
                    break;
                }
            }
            match lines.next() {
                Some((_, next)) => line = next,
                None => break,
            }
        }
        let words = words(whole.trim()).map_err(|reason| SyntaxError {
            file: Arc::clone(&file),
            line: index + 1,
            reason,
        })?;
        let mut words = words.into_iter();
        if let Some(name) = words.next() {
            found.push(Directive {
                name,
                arguments: words.collect(),
                file: Arc::clone(&file),
                line: index + 1,
            });
        }
    }
    Ok(found)
}

/// Words, bare or quoted; inside quotes a backslash keeps the quote.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let mut word = String::new();
            let mut escaped = false;
            let mut end = None;
            for (at, c) in rest.char_indices().skip(1) {
                match c {
                    c if escaped => {
                        if c != first {
                            word.push('\\');
                        }
                        word.push(c);
                        escaped = false;
                    }
                    '\\' => escaped = true,
                    c if c == first => {
                        end = Some(at + 1);
                        break;
                    }
                    c => word.push(c),
                }
            }
            let end = end.ok_or_else(|| {
                format!(
                    "the quote that begins at `{}` is not closed",
                    rest.chars().take(20).collect::<String>()
                )
            })?;
            words.push(word);
            rest = rest[end..].trim_start();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continuation_lines_and_quotes_are_joined() {
        let text = "# comment\n\nSecRule ARGS|!ARGS:x \"@rx a\\\"b\\d\" \\\n    \"id:1,\\\n    phase:2\"\nSecRuleEngine On\n";
        let found = directives("a.conf", text).unwrap();
        assert_eq!(found[0].arguments, ["ARGS|!ARGS:x", "@rx a\"b\\d", "id:1,phase:2"]);
        assert_eq!((found[0].line, found[1].line), (3, 6));
        assert_eq!(found[1].arguments, ["On"]);
    }

    #[test]
    fn an_open_quote_is_an_error_with_its_line() {
        let error = directives("a.conf", "SecRuleEngine On\nSecRule ARGS \"@rx").unwrap_err();
        assert!(error.to_string().starts_with("a.conf:2: "), "{error}");
    }
}

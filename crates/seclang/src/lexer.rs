//! Lexer: splits a rule file into directives, each a name and its arguments, over continuation lines and with quotes.

use std::sync::Arc;

/// A directive with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// `SecRule`, `SecAction`, `Include`, ...
    pub name: String,
    /// The arguments, unquoted.
    pub arguments: Vec<String>,
    /// The file.
    pub file: Arc<str>,
    /// The line it begins on, from 1.
    pub line: usize,
}

/// An error or a warning about a rule file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct SyntaxError {
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1; 0 if the error is about the whole file.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Splits a file into directives.
///
/// ```
/// let directives = seclang::directives("a.conf", "SecRuleEngine On\nSecRule ARGS \\\n  \"@rx a b\" id:1")?;
/// assert_eq!(directives[1].name, "SecRule");
/// assert_eq!(directives[1].arguments, ["ARGS", "@rx a b", "id:1"]);
/// assert_eq!(directives[1].line, 2);
/// # Ok::<(), seclang::SyntaxError>(())
/// ```
///
/// # Errors
/// If a quote is not closed.
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
        while let Some(continued) = line.trim_end().strip_suffix('\\') {
            whole.push_str(continued.trim_start());
            line = lines.next().map_or("", |(_, next)| next);
        }
        whole.push_str(line.trim_start());
        let mut words = words(whole.trim())
            .map_err(|reason| SyntaxError { file: Arc::clone(&file), line: index + 1, reason })?
            .into_iter();
        if let Some(name) = words.next() {
            let arguments = words.collect();
            found.push(Directive { name, arguments, file: Arc::clone(&file), line: index + 1 });
        }
    }
    Ok(found)
}

/// Splits a line into words, bare or quoted.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            quote @ ('"' | '\'') => {
                quoted(rest.strip_prefix(quote).unwrap_or(rest), quote).ok_or_else(|| {
                    format!("the quote at `{}` is not closed", rest.chars().take(20).collect::<String>())
                })?
            }
            _ => match rest.split_once(char::is_whitespace) {
                Some((word, after)) => (word.to_owned(), after),
                None => (rest.to_owned(), ""),
            },
        };
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

/// Reads a word up to its closing quote, and the rest. Only a backslash before a quote is removed.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut is_escaped = false;
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            c if is_escaped => {
                if c != quote {
                    word.push('\\');
                }
                word.push(c);
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            c if c == quote => return Some((word, characters.as_str())),
            c => word.push(c),
        }
    }
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

//! Whether a text in a script is code, or stands in a string or a comment.

/// Where a script is read.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Code,
    /// In a string with this quote.
    String(char),
    Line,
    Block,
}

/// Whether a call stands in a script as code at least once. Regular expressions are read as code: a quote in one makes the
/// rest a string, so that a call behind it does not count.
pub(super) fn is_code(script: &str, call: &str) -> bool {
    let mut at = At::Code;
    // How many braces are open in each `${…}`.
    let mut templates: Vec<usize> = Vec::new();
    let mut rest = script;
    while let Some(c) = rest.chars().next() {
        if at == At::Code && rest.starts_with(call) {
            return true;
        }
        let next = rest.chars().nth(1);
        let mut length = c.len_utf8();
        at = match (at, c) {
            (At::Code, '"' | '\'' | '`') => At::String(c),
            (At::Code, '/') if next == Some('/') => At::Line,
            (At::Code, '/') if next == Some('*') => At::Block,
            (At::Code, '{') => {
                if let Some(open) = templates.last_mut() {
                    *open += 1;
                }
                At::Code
            }
            (At::Code, '}') => match templates.last_mut() {
                Some(0) => {
                    templates.pop();
                    At::String('`')
                }
                Some(open) => {
                    *open -= 1;
                    At::Code
                }
                None => At::Code,
            },
            (At::String('`'), '$') if next == Some('{') => {
                length += 1;
                templates.push(0);
                At::Code
            }
            (At::String(_), '\\') => {
                length += next.map_or(0, char::len_utf8);
                at
            }
            (At::String(quote), c) if c == quote => At::Code,
            // A string ends with its line; the error ends the script, and nothing of it runs.
            (At::String('"' | '\''), '\n') => return false,
            (At::Line, '\n') => At::Code,
            (At::Block, '*') if next == Some('/') => {
                length += 1;
                At::Code
            }
            _ => at,
        };
        rest = rest.get(length..).unwrap_or("");
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_in_a_string_or_a_comment_is_no_code() {
        for (script, expected) in [
            ("T()", true),
            ("a = 'T()'", false),
            ("a = ''-T()-''", true),
            (r"a = '\'-T()-\''", false),
            (r"a = '\\'-T()-'\\'", true),
            ("a = \"it's T()\"", false),
            ("a = `T()`", false),
            ("a = `${T()}`", true),
            ("a = `${ {b: 1} } T()`", false),
            ("// T()", false),
            ("// a\nT()", true),
            ("/* T() */", false),
            ("a = 'b\nT()", false),
            ("", false),
        ] {
            assert_eq!(is_code(script, "T()"), expected, "{script}");
        }
    }
}

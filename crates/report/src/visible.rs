//! Characters that a reader would not see, made visible.
//!
//! Names, bodies and messages come from the API under test. Escape sequences in them could repaint a terminal, and
//! marks of writing direction could make a line read as another one (CVE-2021-42574).

use std::fmt::Write;

/// The text with a visible escape for each control character but tab and line break, and each mark of direction.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// The same on one line.
pub(crate) fn on_one_line(text: &str) -> String {
    visible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_hidden(c: char) -> bool {
    let is_direction =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    // What neither HTML nor XML 1.0 may contain.
    let is_no_character =
        matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff) || matches!(c, '\u{fdd0}'..='\u{fdef}');
    let is_separator = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    (c.is_control() && !matches!(c, '\n' | '\t')) || is_direction || is_no_character || is_separator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out_and_the_rest_stays() {
        for (text, shown) in [
            ("a\tb\nc", "a\tb\nc"),
            ("\u{1b}[2J\r\0", "\\u{1b}[2J\\u{d}\\u{0}"),
            ("\u{202e}evil\u{2066}", "\\u{202e}evil\\u{2066}"),
            ("שלום 👩‍👧 é", "שלום 👩‍👧 é"),
            ("\u{ffff}\u{85}\u{2028}", "\\u{ffff}\\u{85}\\u{2028}"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(on_one_line(" a\n\n b\t c "), "a b c");
    }
}

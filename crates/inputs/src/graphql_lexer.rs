//! The tokens of a GraphQL document (GraphQL §2.1), as servers read them.
//!
//! They do not agree about where a string, a comment or a block string ends, and what a name is: some take a line feed for a
//! part of a string and count backslashes in block strings (older versions of graphql-ruby), some end a line at U+2028
//! (graphql-java), some know letters beyond ASCII and the escapes of their own language (graph-gophers). A document in which that
//! makes a difference is none that anybody should read ([`differences`]).

use std::borrow::Cow;

/// How a server reads what others read otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dialect {
    /// A line ends at U+2028 and U+2029, too, which stand for nothing elsewhere.
    wide_lines: bool,
    /// Letters beyond ASCII make names, and blanks beyond the standard's are blanks.
    wide_names: bool,
    /// A string goes on over the end of a line.
    long_strings: bool,
    /// A block string ends with the last of its closing quotes.
    greedy_blocks: bool,
    /// A block string that does not end is an empty string and another one.
    open_blocks: bool,
    /// A block string that does not end has ended at the last of its escaped quotes.
    late_blocks: bool,
    /// In a block string, a backslash escapes another one.
    paired_backslashes: bool,
    /// In a block string, a quote takes the character behind it with it, be it a backslash.
    taking_quotes: bool,
    /// A number goes on over signs, points and underscores, and may begin with a point.
    long_numbers: bool,
    /// Blanks may stand within `...`, and behind a minus sign.
    loose_signs: bool,
}

impl Dialect {
    /// All of two.
    fn with(self, other: Dialect) -> Dialect {
        Dialect {
            wide_lines: self.wide_lines || other.wide_lines,
            wide_names: self.wide_names || other.wide_names,
            long_strings: self.long_strings || other.long_strings,
            greedy_blocks: self.greedy_blocks || other.greedy_blocks,
            open_blocks: self.open_blocks || other.open_blocks,
            late_blocks: self.late_blocks || other.late_blocks,
            paired_backslashes: self.paired_backslashes || other.paired_backslashes,
            taking_quotes: self.taking_quotes || other.taking_quotes,
            long_numbers: self.long_numbers || other.long_numbers,
            loose_signs: self.loose_signs || other.loose_signs,
        }
    }
}

/// In what servers may differ about a text. Two that are the same for each of them by itself are the same for several.
pub(super) fn differences(text: &str) -> Vec<Dialect> {
    let standard = Dialect::default();
    let has_wide = !text.is_ascii() || text.bytes().any(|byte| byte < b' ' && !b"\t\r\n".contains(&byte));
    let (has_block, has_text) = (text.contains("\"\"\""), text.contains('"'));
    [
        (text.contains(['\u{2028}', '\u{2029}']), Dialect { wide_lines: true, ..standard }),
        (has_wide, Dialect { wide_names: true, ..standard }),
        (has_text && text.contains(['\n', '\r']), Dialect { long_strings: true, ..standard }),
        (text.contains("\"\"\"\""), Dialect { greedy_blocks: true, ..standard }),
        (has_block, Dialect { open_blocks: true, ..standard }),
        (text.contains("\\\"\"\""), Dialect { late_blocks: true, ..standard }),
        (text.contains("\\\\\"\"\""), Dialect { paired_backslashes: true, ..standard }),
        (text.contains("\"\\\"\"\""), Dialect { taking_quotes: true, ..standard }),
        (
            has_pair(text, |a, b| {
                a.is_ascii_digit() && b"+-._".contains(&b) || a == b'.' && b.is_ascii_digit()
            }),
            Dialect { long_numbers: true, ..standard },
        ),
        (
            has_pair(text, |a, b| b".-".contains(&a) && (b.is_ascii_whitespace() || b",#".contains(&b))),
            Dialect { loose_signs: true, ..standard },
        ),
    ]
    .into_iter()
    .filter_map(|(is_there, dialect)| is_there.then_some(dialect))
    .collect()
}

/// Whether two bytes stand one behind the other that are meant.
fn has_pair(text: &str, is_meant: impl Fn(u8, u8) -> bool) -> bool {
    text.bytes().zip(text.bytes().skip(1)).any(|(a, b)| is_meant(a, b))
}

/// Every way to differ in one or more of these.
pub(super) fn combinations(differences: &[Dialect]) -> Vec<Dialect> {
    let mut all = vec![Dialect::default()];
    for one in differences {
        let with: Vec<Dialect> = all.iter().map(|dialect| dialect.with(*one)).collect();
        all.extend(with);
    }
    all
}

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// `{`, `[` or `(`.
    Open(u8),
    /// `}`, `]` or `)`.
    Close(u8),
    /// A string, with what stands between its quotes.
    Text(&'t str),
    /// A block string, likewise.
    Block(&'t str),
    /// A string or a block string that does not end.
    Unended(&'t str),
    /// A name.
    Name(&'t str),
    /// A number.
    Number(&'t str),
    /// `...`.
    Spread,
    /// Another character of the grammar.
    Sign(u8),
    /// What no document has.
    Foreign,
}

/// The tokens of a text, in one pass. What breaks off ends with the text.
pub(super) fn tokens(text: &str, dialect: Dialect) -> impl Iterator<Item = Token<'_>> {
    ending(text, dialect).map(|(_, token)| token)
}

/// The tokens, each with where it ends.
pub(super) fn ending(text: &str, dialect: Dialect) -> impl Iterator<Item = (usize, Token<'_>)> {
    let mut at = 0;
    // Where no block string ends any more.
    let mut no_block_after = text.len();
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let (length, token) = match rest.as_bytes() {
                [] => return None,
                [b' ' | b'\t' | b'\r' | b'\n' | b',', ..] => (1, None),
                [0xef, 0xbb, 0xbf, ..] => (3, None),
                [0xe2, 0x80, 0xa8 | 0xa9, ..] if dialect.wide_lines => (3, None),
                [0..=0x1f | 0x7f.., ..] if dialect.wide_names => wide(rest),
                [b'#', ..] => {
                    let is_end = |c: char| {
                        matches!(c, '\n' | '\r') || dialect.wide_lines && matches!(c, '\u{2028}' | '\u{2029}')
                    };
                    (rest.find(is_end).unwrap_or(rest.len()), None)
                }
                [b'"', b'"', b'"', inner @ ..] => {
                    let end = if at < no_block_after { end_of_block(inner, dialect) } else { None };
                    match end {
                        Some(end) => (end + 6, Some(Token::Block(rest.get(3..end + 3).unwrap_or_default()))),
                        None if dialect.open_blocks => {
                            no_block_after = no_block_after.min(at);
                            (2, Some(Token::Text("")))
                        }
                        None => (rest.len(), Some(Token::Unended(rest.get(3..).unwrap_or_default()))),
                    }
                }
                [b'"', inner @ ..] => {
                    let end = end_of_text(inner, dialect);
                    let is_closed = inner.get(end) == Some(&b'"');
                    let content = rest.get(1..=end).unwrap_or_default();
                    let token = if is_closed { Token::Text(content) } else { Token::Unended(content) };
                    (1 + end + usize::from(is_closed), Some(token))
                }
                [open @ (b'{' | b'[' | b'('), ..] => (1, Some(Token::Open(*open))),
                [close @ (b'}' | b']' | b')'), ..] => (1, Some(Token::Close(*close))),
                [b'.', b'.', b'.', ..] => (3, Some(Token::Spread)),
                [b'.', b'0'..=b'9', ..] if dialect.long_numbers => {
                    let end = end_of_number(rest, dialect);
                    (end, Some(Token::Number(rest.get(..end).unwrap_or_default())))
                }
                [b'.', ..] if dialect.loose_signs && loose_spread(rest).is_some() => {
                    (loose_spread(rest).unwrap_or(1), Some(Token::Spread))
                }
                [b'-', ..] if dialect.loose_signs => (1, None),
                [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] => {
                    let is_part = |c: char| {
                        c.is_ascii_alphanumeric() || c == '_' || dialect.wide_names && c.is_alphanumeric()
                    };
                    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                    (end, Some(Token::Name(rest.get(..end).unwrap_or_default())))
                }
                [b'-' | b'0'..=b'9', ..] => {
                    let end = end_of_number(rest, dialect);
                    (end, Some(Token::Number(rest.get(..end).unwrap_or_default())))
                }
                [sign, ..] if b"!$&:=@|".contains(sign) => (1, Some(Token::Sign(*sign))),
                _ => (rest.chars().next().map_or(1, char::len_utf8), Some(Token::Foreign)),
            };
            at += length;
            if let Some(token) = token {
                return Some((at, token));
            }
        }
    })
}

/// Where a string ends: at its quote, or at the end of the line.
fn end_of_text(inner: &[u8], dialect: Dialect) -> usize {
    let mut is_escaped = false;
    let ends = |byte: &u8| {
        let is_line = matches!(byte, b'\n' | b'\r') && !dialect.long_strings;
        let ends = is_line || !is_escaped && *byte == b'"';
        is_escaped = !is_escaped && *byte == b'\\';
        ends
    };
    inner.iter().position(ends).unwrap_or(inner.len())
}

/// Where a number ends: `-1`, `1.5`, `1e-3` (GraphQL §2.9.1). What no number has begins another token.
fn end_of_number(rest: &str, dialect: Dialect) -> usize {
    let bytes = rest.as_bytes();
    if dialect.long_numbers {
        let is_part = |byte: &u8| byte.is_ascii_digit() || b"-+.eE_".contains(byte);
        return bytes.iter().position(|byte| !is_part(byte)).unwrap_or(bytes.len());
    }
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
    };
    let mut end = digits(usize::from(bytes.first() == Some(&b'-')));
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1 + sign);
        }
    }
    end.max(1)
}

/// The length of three points, with blanks, commas and comments between.
fn loose_spread(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut at, mut points) = (0, 0);
    while points < 3 {
        match bytes.get(at)? {
            b'.' => points += 1,
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {}
            b'#' => at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?,
            _ => return None,
        }
        at += 1;
    }
    Some(at)
}

/// A name of letters beyond ASCII, or a blank.
fn wide(rest: &str) -> (usize, Option<Token<'_>>) {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    match rest.chars().next() {
        Some(c) if c.is_alphabetic() => (end, Some(Token::Name(rest.get(..end).unwrap_or_default()))),
        Some(c) if c.is_whitespace() || c.is_control() => (c.len_utf8(), None),
        other => (other.map_or(1, char::len_utf8), Some(Token::Foreign)),
    }
}

/// Where a block string ends.
fn end_of_block(inner: &[u8], dialect: Dialect) -> Option<usize> {
    let is_escaped = |found: usize| {
        let before = inner.get(..found).unwrap_or_default();
        let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
        if dialect.taking_quotes && backslashes == 1 && before.ends_with(b"\"\\") {
            return false;
        }
        if dialect.paired_backslashes { backslashes % 2 == 1 } else { backslashes > 0 }
    };
    let mut from = 0;
    let end = loop {
        match inner.get(from..).and_then(|rest| memchr::memmem::find(rest, b"\"\"\"")) {
            Some(found) if is_escaped(from + found) => from += found + 3,
            Some(found) => break Some(from + found),
            None if dialect.late_blocks => break memchr::memmem::rfind(inner, b"\"\"\""),
            None => break None,
        }
    };
    let mut end = end?;
    while dialect.greedy_blocks && inner.get(end + 3) == Some(&b'"') {
        end += 1;
    }
    Some(end)
}

/// Whether what stands in a string has an escape that GraphQL does not know, and another language may.
pub(super) fn has_odd_escape(content: &str) -> bool {
    let mut rest = content.as_bytes();
    while let Some(at) = memchr::memchr(b'\\', rest) {
        match rest.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') => {}
            _ => return true,
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

/// What stands in a string, its escapes undone: those of JSON, and `\u{1f600}` (GraphQL §2.9.4).
pub(super) fn unescaped(content: &str) -> Cow<'_, str> {
    /// Of the digits in braces.
    const DIGITS: usize = 8;
    if !content.contains('\\') {
        return content.into();
    }
    let mut units: Vec<u16> = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(c) = rest.chars().next() {
        let mut push = |c: char| units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        let Some(escape) = rest.strip_prefix('\\') else {
            push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        };
        let number = |digits: &str| u32::from_str_radix(digits, 16).ok();
        let braced = escape.strip_prefix("u{").and_then(|braced| {
            let end = braced.bytes().take(DIGITS + 1).position(|byte| byte == b'}')?;
            Some((number(braced.get(..end)?).and_then(char::from_u32)?, braced.get(end + 1..)?))
        });
        if let Some((c, behind)) = braced {
            push(c);
            rest = behind;
        } else if let Some(digits) = escape.strip_prefix('u').and_then(|digits| digits.get(..4))
            && let Some(unit) = number(digits).and_then(|unit| u16::try_from(unit).ok())
        {
            units.push(unit);
            rest = escape.get(5..).unwrap_or_default();
        } else {
            let c = escape.chars().next();
            match c {
                Some('n') => push('\n'),
                Some('r') => push('\r'),
                Some('t') => push('\t'),
                Some('b') => push('\u{8}'),
                Some('f') => push('\u{c}'),
                Some(other) => push(other),
                None => push('\\'),
            }
            rest = escape.get(c.map_or(0, char::len_utf8)..).unwrap_or_default();
        }
    }
    String::from_utf16_lossy(&units).into()
}

/// What a block string stands for: without the indentation that its lines share, and without blank lines at its ends (GraphQL
/// §2.9.4, BlockStringValue).
pub(super) fn block_value(content: &str) -> String {
    let content = content.replace("\\\"\"\"", "\"\"\"");
    let lines: Vec<&str> = content.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let is_blank = |line: &&str| line.trim_matches([' ', '\t']).is_empty();
    let indent = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let shared = lines.iter().skip(1).filter(|line| !is_blank(line)).map(indent).min().unwrap_or(0);
    let plain = lines.iter().enumerate().map(|(nth, line)| {
        if nth == 0 { line } else { line.get(shared.min(indent(line))..).unwrap_or_default() }
    });
    let plain: Vec<&str> = plain.collect();
    let first = plain.iter().position(|line| !is_blank(line)).unwrap_or(plain.len());
    let last = plain.iter().rposition(|line| !is_blank(line)).map_or(first, |last| last + 1);
    plain.get(first..last).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, dialect: Dialect) -> Vec<&str> {
        let name = |token| if let Token::Name(name) = token { Some(name) } else { None };
        tokens(text, dialect).filter_map(name).collect()
    }

    #[test]
    fn strings_and_comments_end_where_a_server_ends_them() {
        let standard = Dialect::default();
        for (text, dialect, found) in [
            ("a \"b\" c #d\ne", standard, &["a", "c", "e"][..]),
            ("a \"b\\\" c\" d", standard, &["a", "d"]),
            ("a \"\"\"b \"c\" \\\"\"\" d\"\"\" e", standard, &["a", "e"]),
            ("a #b\u{2028} c", standard, &["a"]),
            ("a #b\u{2028} c", Dialect { wide_lines: true, ..standard }, &["a", "c"]),
            ("a \"b\n c\" d", standard, &["a", "c"]),
            ("a \"b\n c\" d", Dialect { long_strings: true, ..standard }, &["a", "d"]),
            ("a \"\"\"b\"\"\"\" c", standard, &["a"]),
            ("a \"\"\"b\"\"\"\" c", Dialect { greedy_blocks: true, ..standard }, &["a", "c"]),
            ("a \"\"\"\" b", standard, &["a"]),
            ("a \"\"\"\" b", Dialect { open_blocks: true, ..standard }, &["a", "b"]),
            ("a \"\"\"b\\\"\"\" c", standard, &["a"]),
            ("a \"\"\"b\\\"\"\" c", Dialect { late_blocks: true, ..standard }, &["a", "c"]),
            ("a \"\"\"b\\\\\"\"\" c \"\"\" d", standard, &["a", "d"]),
            ("a \"\"\"b\\\\\"\"\" c \"\"\" d", Dialect { paired_backslashes: true, ..standard }, &["a", "c"]),
            ("a \"\"\"b\"\\\"\"\" c \"\"\" d", standard, &["a", "d"]),
            ("a \"\"\"b\"\\\"\"\" c", Dialect { taking_quotes: true, ..standard }, &["a", "c"]),
            ("a .5_0b", Dialect { long_numbers: true, ..standard }, &["a", "b"]),
            ("a 1-2b", standard, &["a", "b"]),
            ("a 1e5+b", standard, &["a", "b"]),
            ("a 1+2eE.-b", Dialect { long_numbers: true, ..standard }, &["a", "b"]),
            ("a . .#c\n.b", Dialect { loose_signs: true, ..standard }, &["a", "b"]),
            ("a \u{e9}b\u{a0}c", standard, &["a", "b", "c"]),
            ("a \u{e9}b\u{a0}c", Dialect { wide_names: true, ..standard }, &["a", "\u{e9}b", "c"]),
        ] {
            assert_eq!(names(text, dialect), found, "{text:?}");
            assert!(combinations(&differences(text)).contains(&dialect), "{text:?}");
        }
    }

    #[test]
    fn strings_are_unescaped() {
        for (content, text) in [
            ("plain", "plain"),
            (r"\u007c id\u{41}", "| idA"),
            (r"\ud83d\ude00", "\u{1f600}"),
            (r"\u{1f600}\n\/\\", "\u{1f600}\n/\\"),
            (r"\ud83d", "\u{fffd}"),
            (r"\u{}\u12", "u{}u12"),
            ("\\", "\\"),
        ] {
            assert_eq!(unescaped(content), text, "{content}");
        }
        // Were the rest searched for each, this would take minutes.
        assert!(unescaped(&"\\u{".repeat(1_000_000)).len() > 1_000_000);
        let open = format!("{{a(x:[\"\"{}])}}", "\"\\\\\"\"\" ".repeat(500_000));
        assert!(differences(&open).into_iter().all(|dialect| tokens(&open, dialect).count() > 2));
    }

    #[test]
    fn block_strings_lose_their_indentation() {
        for (content, value) in [
            ("alice", "alice"),
            ("\n    a\n      b\n    ", "a\n  b"),
            ("  a\n  b", "  a\nb"),
            ("\r\n  a \\\"\"\" b\r\n", "a \"\"\" b"),
            (" \n \n", ""),
        ] {
            assert_eq!(block_value(content), value, "{content:?}");
        }
    }
}

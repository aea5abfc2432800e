//! The tokens of a GraphQL document (GraphQL §2.1), as servers read them.
//!
//! They do not agree about where a string, a comment or a block string ends: some take a line feed for a part of a string
//! (older versions of graphql-ruby), some end a line at U+2028 (graphql-java), some give a fourth quote to the block string
//! before it. Where a text has such a place, it is read in each of these ways ([`dialects`]).

use std::borrow::Cow;

/// How a server reads what others read otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Dialect {
    /// A line ends at U+2028 and U+2029, too, which stand for nothing elsewhere.
    wide_lines: bool,
    /// A string goes on over the end of a line.
    long_strings: bool,
    /// A block string ends with the last of its closing quotes.
    greedy_blocks: bool,
    /// A block string that does not end is an empty string and another one.
    open_blocks: bool,
}

/// The ways in which servers may read a text, the standard's first.
pub(super) fn dialects(text: &str) -> Vec<Dialect> {
    let mut all = vec![Dialect::default()];
    let mut every = Dialect::default();
    let mut add = |is_there: bool, with: fn(&mut Dialect)| {
        if is_there {
            let mut one = Dialect::default();
            with(&mut one);
            with(&mut every);
            all.push(one);
        }
    };
    add(text.contains(['\u{2028}', '\u{2029}']), |dialect| dialect.wide_lines = true);
    add(text.contains(['\n', '\r']) && text.contains('"'), |dialect| dialect.long_strings = true);
    add(text.contains("\"\"\"\""), |dialect| dialect.greedy_blocks = true);
    add(text.contains("\"\"\""), |dialect| dialect.open_blocks = true);
    if all.len() > 2 {
        all.push(every);
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
                        None => (rest.len(), Some(Token::Block(rest.get(3..).unwrap_or_default()))),
                    }
                }
                [b'"', inner @ ..] => {
                    let end = end_of_text(inner, dialect);
                    let is_closed = inner.get(end) == Some(&b'"');
                    let content = rest.get(1..=end).unwrap_or_default();
                    (1 + end + usize::from(is_closed), Some(Token::Text(content)))
                }
                [open @ (b'{' | b'[' | b'('), ..] => (1, Some(Token::Open(*open))),
                [close @ (b'}' | b']' | b')'), ..] => (1, Some(Token::Close(*close))),
                [b'.', b'.', b'.', ..] => (3, Some(Token::Spread)),
                [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] => {
                    let end =
                        rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                    (end, Some(Token::Name(rest.get(..end).unwrap_or_default())))
                }
                [b'-' | b'0'..=b'9', ..] => {
                    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
                    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                    (end, Some(Token::Number(rest.get(..end).unwrap_or_default())))
                }
                [sign, ..] if b"!$&:=@|".contains(sign) => (1, Some(Token::Sign(*sign))),
                _ => (rest.chars().next().map_or(1, char::len_utf8), Some(Token::Foreign)),
            };
            at += length;
            if let Some(token) = token {
                return Some(token);
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

/// Where a block string ends.
fn end_of_block(inner: &[u8], dialect: Dialect) -> Option<usize> {
    let mut from = 0;
    loop {
        let mut found = from + memchr::memmem::find(inner.get(from..)?, b"\"\"\"")?;
        if inner.get(..found)?.ends_with(b"\\") {
            from = found + 3;
            continue;
        }
        while dialect.greedy_blocks && inner.get(found + 3) == Some(&b'"') {
            found += 1;
        }
        return Some(found);
    }
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
        ] {
            assert_eq!(names(text, dialect), found, "{text:?}");
            assert!(dialects(text).contains(&dialect), "{text:?}");
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
        assert!(dialects(&open).into_iter().all(|dialect| tokens(&open, dialect).count() > 2));
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

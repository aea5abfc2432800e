//! The tokens of a GraphQL document (GraphQL §2.1), found without a parser: what nests in what, and what is a string, must be
//! known before anybody parses a text of strangers.

use std::borrow::Cow;

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
    /// Another character of the grammar, or of a number.
    Sign(u8),
    /// What no document has.
    Foreign,
}

/// The tokens of a text, each with the place where it begins. What breaks off ends with the text.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (usize, Token<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let start = at;
            let (length, token) = match rest.as_bytes() {
                [] => return None,
                [b' ' | b'\t' | b'\r' | b'\n' | b',', ..] => (1, None),
                [0xef, 0xbb, 0xbf, ..] => (3, None),
                [b'#', ..] => (rest.find(['\n', '\r']).unwrap_or(rest.len()), None),
                [b'"', b'"', b'"', inner @ ..] => {
                    let end = end_of_block(inner);
                    let closed = end.map_or(rest.len(), |end| end + 6);
                    let content = rest.get(3..end.map_or(rest.len(), |end| end + 3)).unwrap_or_default();
                    (closed, Some(Token::Block(content)))
                }
                [b'"', inner @ ..] => {
                    let end = end_of_text(inner);
                    let is_closed = inner.get(end) == Some(&b'"');
                    let content = rest.get(1..=end).unwrap_or_default();
                    (1 + end + usize::from(is_closed), Some(Token::Text(content)))
                }
                [open @ (b'{' | b'[' | b'('), ..] => (1, Some(Token::Open(*open))),
                [close @ (b'}' | b']' | b')'), ..] => (1, Some(Token::Close(*close))),
                [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] => {
                    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                    (end, Some(Token::Name(rest.get(..end).unwrap_or_default())))
                }
                [sign, ..] if b"!$&:=@|.+-0123456789".contains(sign) => (1, Some(Token::Sign(*sign))),
                _ => (rest.chars().next().map_or(1, char::len_utf8), Some(Token::Foreign)),
            };
            at += length;
            if let Some(token) = token {
                return Some((start, token));
            }
        }
    })
}

/// Where a string ends: at its quote, or at the end of the line.
fn end_of_text(inner: &[u8]) -> usize {
    let mut is_escaped = false;
    let ends = |byte: &u8| {
        let ends = matches!(byte, b'\n' | b'\r') || !is_escaped && *byte == b'"';
        is_escaped = !is_escaped && *byte == b'\\';
        ends
    };
    inner.iter().position(ends).unwrap_or(inner.len())
}

/// Where a block string ends.
fn end_of_block(inner: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let found = from + memchr::memmem::find(inner.get(from..)?, b"\"\"\"")?;
        if !inner.get(..found)?.ends_with(b"\\") {
            return Some(found);
        }
        from = found + 3;
    }
}

/// The deepest nesting of brackets of any kind.
pub(super) fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for (_, token) in tokens(text) {
        match token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// What stands in a string, its escapes undone: those of JSON, and `\u{1f600}` (GraphQL §2.9.4).
pub(super) fn unescaped(content: &str) -> Cow<'_, str> {
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
        if let Some(braced) = escape.strip_prefix("u{")
            && let Some((digits, behind)) = braced.split_once('}')
            && let Some(c) = number(digits).and_then(char::from_u32)
        {
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

/// The same document for a parser that is older than some of the grammar: without descriptions of operations, fragments and
/// variables, and without escapes in braces or in pairs.
pub(super) fn for_parser(text: &str) -> Cow<'_, str> {
    let is_newer =
        |content: &str| content.contains("\\u{") || content.contains("\\ud") || content.contains("\\uD");
    let (mut depth, mut copied) = (0_usize, 0);
    let mut written = String::new();
    let mut all = tokens(text).peekable();
    while let Some((start, token)) = all.next() {
        match token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => depth = depth.saturating_sub(1),
            Token::Text(content) | Token::Block(content) => {
                let end = all.peek().map_or(text.len(), |(next, _)| *next);
                let describes = depth == 0 || matches!(all.peek(), Some((_, Token::Sign(b'$'))));
                if describes {
                    written.push_str(text.get(copied..start).unwrap_or_default());
                    written.push(' ');
                    copied = end;
                } else if matches!(token, Token::Text(_)) && is_newer(content) {
                    written.push_str(text.get(copied..start).unwrap_or_default());
                    let plain = serde_json::to_string(&unescaped(content)).unwrap_or_default();
                    written.push_str(&plain);
                    written.push(' ');
                    copied = end;
                }
            }
            _ => {}
        }
    }
    if copied == 0 {
        return text.into();
    }
    written.push_str(text.get(copied..).unwrap_or_default());
    written.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_and_comments_nest_nothing() {
        for (text, depth) in [
            ("{a(x:[1])}", 3),
            ("{a(x:\"]]]\")}", 2),
            ("{a(x:[#]\n[#]\n1]])}", 4),
            ("{a(x:\"\\\"]\" y:[\"\"\"]\\\"\"\"]\"\"\"])}", 3),
            ("{a(x:\"[[[[\n)}", 2),
            ("# {{{{\n{a}", 1),
        ] {
            assert_eq!(nesting(text), depth, "{text}");
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
    }

    #[test]
    fn a_document_for_an_older_parser() {
        for (text, plain) in [
            ("{a(x:\"b\")}", "{a(x:\"b\")}"),
            ("\"d'\" query{a}", " query{a}"),
            (
                "\"\"\"block { \"\"\" query Q(\"of x\" $x: Int = 1, \"\"\"y\"\"\" $y: S){a}",
                " query Q( $x: Int = 1,  $y: S){a}",
            ),
            ("{a(x:\"\\u{41}\", y:\"\\ud83d\\ude00\")}", "{a(x:\"A\" y:\"\u{1f600}\" )}"),
        ] {
            assert_eq!(for_parser(text), plain, "{text}");
        }
    }
}

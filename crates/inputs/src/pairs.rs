//! Names and values: queries, forms, cookies.

use std::borrow::Cow;

/// The pairs of a query or a form body, decoded as WHATWG URL §5.1 does.
pub fn pairs(text: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(text)
}

/// The same pairs as bytes: a server may read a byte that is not UTF-8 as a character of another charset.
pub fn byte_pairs(text: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let end = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let value = pair.get(end + 1..).unwrap_or_default();
        (unescape(pair.get(..end).unwrap_or(pair)), unescape(value))
    })
}

/// The pairs of a query or a form as servers read them that part them at a semicolon, too (Rack 2, Perl's Plack); nothing
/// where that makes no difference.
pub fn semicolon_pairs(text: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    let text = if text.contains(&b';') { text } else { &[] };
    text.split(|byte| b"&;".contains(byte)).flat_map(byte_pairs)
}

/// The pairs of a query or a form in which a name ends with the last bracket that is its own (`]=`), whatever equals sign
/// stands before: Node's `qs` reads `a=b]=c` as a `c` called `a=b]`. Nothing where that makes no difference.
pub fn bracket_pairs(text: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    text.split(|byte| *byte == b'&').filter_map(|pair| {
        let equals = memchr::memchr(b'=', pair)?;
        let is_closed = |at: &usize| {
            let before = pair.get(..*at).unwrap_or_default();
            before.ends_with(b"]")
                || before.len() > 2
                    && before.get(before.len() - 3..).is_some_and(|end| end.eq_ignore_ascii_case(b"%5d"))
        };
        let end = memchr::memchr_iter(b'=', pair).find(is_closed).filter(|end| *end > equals)?;
        Some((unescape(pair.get(..end)?), unescape(pair.get(end + 1..)?)))
    })
}

/// Undoes percent-encoding, and `+` for a blank.
fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'+') {
        return percent_encoding::percent_decode(text).into();
    }
    let blanks: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    Cow::Owned(percent_encoding::percent_decode(&blanks).collect())
}

/// The names and values that servers read in a `Cookie` header, as bytes: pieces between semicolons with or without a
/// name, what stands between quotes as one value, semicolons included, and pieces between blanks or commas that have a name
/// (Python's `http.cookies`).
pub fn cookie_readings(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = 0;
    header.split(|byte| *byte == b';').flat_map(move |piece| {
        let start = at;
        at += piece.len() + 1;
        let (name, value) = match memchr::memchr(b'=', piece) {
            Some(equals) => piece.split_at_checked(equals).unwrap_or_default(),
            None => (&[][..], piece),
        };
        let value = value.strip_prefix(b"=").unwrap_or(value).trim_ascii();
        let name = name.trim_ascii();
        let quoted = value.strip_prefix(b"\"").filter(|rest| !rest.contains(&b'"')).and_then(|rest| {
            // The quote is closed behind a semicolon.
            let from = start + piece.trim_ascii_end().len() - rest.len();
            let rest = header.get(from..)?;
            rest.get(..memchr::memchr(b'"', rest)?)
        });
        let whole = [Some((name, trim_quotes(value))), quoted.map(|quoted| (name, quoted))];
        whole.into_iter().flatten().chain(between_blanks(value))
    })
}

/// The pairs that stand behind blanks or commas in a cookie's value, each up to the next.
fn between_blanks(value: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let is_gap = |byte: &u8| matches!(byte, b' ' | b'\t' | b',');
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    // Where a name begins that an equals sign follows.
    let begins = move |at: usize| {
        let name = value.get(at + 1..)?;
        let end = name.iter().position(|byte| !is_part(byte)).filter(|end| *end > 0)?;
        (name.get(end) == Some(&b'=')).then_some((at + 1, at + 1 + end))
    };
    let gaps = value.iter().enumerate().filter(move |(_, byte)| is_gap(byte)).map(|(at, _)| at);
    let mut starts = gaps.filter_map(begins).peekable();
    std::iter::from_fn(move || {
        let (start, equals) = starts.next()?;
        let end = starts.peek().map_or(value.len(), |(next, _)| next - 1);
        let own = value.get(equals + 1..end).unwrap_or_default().trim_ascii();
        Some((value.get(start..equals)?, trim_quotes(own.strip_suffix(b",").unwrap_or(own))))
    })
}

fn trim_quotes(mut value: &[u8]) -> &[u8] {
    while let Some(rest) = value.strip_prefix(b"\"") {
        value = rest;
    }
    while let Some(rest) = value.strip_suffix(b"\"") {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_read_in_every_way() {
        for (header, readings) in [
            ("a=1; b=\"2\"", &[("a", "1"), ("b", "2")][..]),
            ("a=1;;b", &[("a", "1"), ("", ""), ("", "b")]),
            ("a=b=c", &[("a", "b=c")]),
            ("q=\"1 ; union\"; c=3", &[("q", "1"), ("q", "1 ; union"), ("", "union"), ("c", "3")]),
            ("q=\"open; c=3", &[("q", "open"), ("c", "3")]),
            ("a=x q=\"1 or 2\" r=3", &[("a", "x q=\"1 or 2\" r=3"), ("q", "1 or 2"), ("r", "3")]),
            ("a=x, q=1", &[("a", "x, q=1"), ("q", "1")]),
            ("a=one two = three", &[("a", "one two = three")]),
        ] {
            let read: Vec<_> = cookie_readings(header.as_bytes())
                .map(|(name, value)| {
                    (std::str::from_utf8(name).unwrap(), std::str::from_utf8(value).unwrap())
                })
                .collect();
            assert_eq!(read, readings, "{header}");
        }
    }

    #[test]
    fn a_name_ends_with_its_bracket() {
        for (text, read) in [
            ("a=b]=c&d=1", &[("a=b]", "c")][..]),
            ("a=b%5d=c%20", &[("a=b]", "c ")]),
            ("a=b=c]=d]=e", &[("a=b=c]", "d]=e")]),
            ("a[b]=c=d]=e", &[]),
            ("a%5Bb%5D=c", &[]),
            ("a=b", &[]),
            ("a]", &[]),
        ] {
            let found: Vec<_> = bracket_pairs(text.as_bytes()).collect();
            let found: Vec<_> = found
                .iter()
                .map(|(name, value)| {
                    (std::str::from_utf8(name).unwrap(), std::str::from_utf8(value).unwrap())
                })
                .collect();
            assert_eq!(found, read, "{text}");
        }
    }

    #[test]
    fn bytes_are_kept() {
        let read: Vec<_> = byte_pairs(b"a=%a0+b&&c&%3d==").collect();
        let expected: [(&[u8], &[u8]); 3] = [(b"a", b"\xa0 b"), (b"c", b""), (b"=", b"=")];
        assert_eq!(read.len(), 3);
        for ((name, value), (wanted_name, wanted)) in read.iter().zip(expected) {
            assert_eq!((&**name, &**value), (wanted_name, wanted));
        }
    }
}

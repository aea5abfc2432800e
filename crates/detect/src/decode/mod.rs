//! The readings of a value: as it is, and what applications make of it by decoding.
//!
//! A bounded search: each distinct reading is judged once, and leads to others as long as they are new, few and not
//! too deep.

mod base;
mod entities;
mod escapes;
mod unicode;

use std::borrow::Cow;
use std::collections::HashSet;

pub(crate) use self::entities::decode as decode_entities;

/// A decoding that an application may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoding {
    /// `%27` (RFC 3986 §2.1) and `%u0027`, with `+` left alone.
    Percent,
    /// `&lt;`, `&#39;`, `&#x27;`.
    HtmlEntities,
    /// `\x27`, `\u0027`, `\47`.
    Escapes,
    /// Base64 (RFC 4648), of either alphabet, padded or not; a compressed text in it is taken apart.
    Base64,
    /// Two hexadecimal digits for each byte.
    Hex,
    /// Full-width forms, UTF-8 that is longer than it must be, UTF-7.
    Unicode,
    /// A string of JSON within a string.
    Json,
    /// White space that is there to keep two things apart: a long gap is one space.
    Gaps,
}

impl Decoding {
    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Decoding::Percent => "percent",
            Decoding::HtmlEntities => "html-entities",
            Decoding::Escapes => "escapes",
            Decoding::Base64 => "base64",
            Decoding::Hex => "hex",
            Decoding::Unicode => "unicode",
            Decoding::Json => "json",
            Decoding::Gaps => "gaps",
        }
    }

    const ALL: [Decoding; 7] = [
        Decoding::Percent,
        Decoding::HtmlEntities,
        Decoding::Escapes,
        Decoding::Unicode,
        Decoding::Base64,
        Decoding::Hex,
        Decoding::Gaps,
    ];

    /// What a value becomes; nothing where there is nothing to be decoded.
    fn decode(self, value: &[u8]) -> Option<Vec<u8>> {
        match self {
            Decoding::Percent => percent(value),
            Decoding::HtmlEntities => entities::decode(value),
            Decoding::Escapes => escapes::decode(value),
            Decoding::Unicode => unicode::decode(value),
            Decoding::Base64 => base::base64(value),
            Decoding::Hex => base::hex(value),
            Decoding::Json => None,
            Decoding::Gaps => gaps(value),
        }
    }
}

/// A value, decoded somehow.
#[derive(Debug)]
pub struct Reading<'v> {
    /// The text.
    pub text: Cow<'v, [u8]>,
    /// What was decoded to get to it, in order.
    pub decodings: Vec<Decoding>,
}

/// The most that all readings of a value have together, in sizes of the value; and what any value is allowed. Of what
/// needs more, only what it becomes at last is read.
const MOST: usize = 16;
const LEAST: usize = 4096;

/// Tells the readings of a value, at most `rounds` decodings deep, until one is enough.
pub fn readings<T>(
    value: &[u8],
    rounds: usize,
    mut judge: impl FnMut(&Reading<'_>) -> Option<T>,
) -> Option<T> {
    let first = Reading { text: Cow::Borrowed(value), decodings: Vec::new() };
    if let Some(found) = judge(&first) {
        return Some(found);
    }
    // Those that were decoded; most values have none, and nothing is allocated for them.
    let mut more: Vec<Reading<'_>> = Vec::new();
    let mut known: HashSet<Box<[u8]>> = HashSet::new();
    let mut room = value.len().saturating_mul(MOST).max(LEAST);
    let mut at = 0usize;
    let mut is_cut = false;
    loop {
        let own = at.checked_sub(1).map_or(&first, |at| &more[at]);
        if own.decodings.len() < rounds {
            let decoded = Decoding::ALL
                .into_iter()
                .filter_map(|decoding| Some((decoding, decoding.decode(&own.text)?)));
            let strings = json_strings(&own.text).into_iter().map(|text| (Decoding::Json, text));
            let mut next = Vec::new();
            for (decoding, text) in decoded.chain(strings) {
                if text.len() >= room {
                    is_cut = true;
                    continue;
                }
                if *text == *value || !known.insert(text.as_slice().into()) {
                    continue;
                }
                room -= text.len() + 1;
                let mut decodings = own.decodings.clone();
                decodings.push(decoding);
                let reading = Reading { text: Cow::Owned(text), decodings };
                if let Some(found) = judge(&reading) {
                    return Some(found);
                }
                next.push(reading);
            }
            more.append(&mut next);
        }
        if at == more.len() {
            return if is_cut { last(value, rounds, judge) } else { None };
        }
        at += 1;
    }
}

/// What a value becomes when all that can be decoded is, each time in every way, one after the other.
fn last<T>(value: &[u8], rounds: usize, mut judge: impl FnMut(&Reading<'_>) -> Option<T>) -> Option<T> {
    let mut reading = Reading { text: Cow::Borrowed(value), decodings: Vec::new() };
    for decoding in (0..rounds).flat_map(|_| Decoding::ALL) {
        let Some(text) = decoding.decode(&reading.text) else { continue };
        reading.text = Cow::Owned(text);
        reading.decodings.push(decoding);
        if let Some(found) = judge(&reading) {
            return Some(found);
        }
    }
    None
}

/// White space of more than some bytes is one space.
fn gaps(value: &[u8]) -> Option<Vec<u8>> {
    const LONGEST: usize = 16;
    // One that is longer has a byte in every so many.
    if !value.iter().skip(LONGEST).step_by(LONGEST).any(u8::is_ascii_whitespace) {
        return None;
    }
    let mut out = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = value[at..].iter().position(u8::is_ascii_whitespace) {
        let start = at + offset;
        let length = value[start..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        at = start + length;
        if length > LONGEST {
            out.extend_from_slice(&value[copied..start]);
            out.push(b' ');
            copied = at;
        }
    }
    if copied == 0 {
        return None;
    }
    out.extend_from_slice(&value[copied..]);
    Some(out)
}

fn percent(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'%', &value[at..]) {
        let start = at + offset;
        let tail = &value[start + 1..];
        let (decoded, length) = match tail {
            [b'u' | b'U', a, b, c, d, ..] => (hex_number(&[*a, *b, *c, *d]).and_then(char::from_u32), 6),
            [a, b, ..] => match hex_number(&[*a, *b]) {
                Some(byte) => {
                    out.extend_from_slice(&value[copied..start]);
                    out.push(byte as u8);
                    at = start + 3;
                    copied = at;
                    continue;
                }
                None => (None, 1),
            },
            _ => (None, 1),
        };
        match decoded {
            Some(character) => {
                out.extend_from_slice(&value[copied..start]);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                at = start + length;
                copied = at;
            }
            None => at = start + 1,
        }
    }
    if copied == 0 {
        return None;
    }
    out.extend_from_slice(&value[copied..]);
    Some(out)
}

/// The number of some hexadecimal digits.
fn hex_number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}

/// The strings of a text that is JSON by its looks.
fn json_strings(text: &[u8]) -> Vec<Vec<u8>> {
    let trimmed = text.trim_ascii();
    let looks =
        matches!((trimmed.first(), trimmed.last()), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')));
    if !looks || !trimmed.contains(&b'"') {
        return Vec::new();
    }
    let mut strings = Vec::new();
    let mut rest = trimmed;
    while let Some(start) = memchr::memchr(b'"', rest) {
        let mut end = start + 1;
        while end < rest.len() && rest[end] != b'"' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        if end >= rest.len() {
            break;
        }
        let string = &rest[start + 1..end];
        strings.push(escapes::decode(string).unwrap_or_else(|| string.to_vec()));
        rest = &rest[end + 1..];
    }
    strings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(value: &str) -> Vec<String> {
        let mut seen = Vec::new();
        readings::<()>(value.as_bytes(), 5, |reading| {
            seen.push(String::from_utf8_lossy(&reading.text).into_owned());
            None
        });
        seen
    }

    #[test]
    fn each_reading_is_one_decoding_further() {
        assert_eq!(all("%2526lt;"), ["%2526lt;", "%26lt;", "&lt;", "<"]);
    }

    #[test]
    fn what_applications_decode_is_decoded() {
        for (value, reading) in [
            ("%u0027 or 1", "' or 1"),
            (r"\x3cscript\u003E", "<script>"),
            (r"\74b\76", "<b>"),
            ("JyBvciAxPTE=", "' or 1=1"),
            ("JyBvciAxPTE", "' or 1=1"),
            ("PHNjcmlwdD4_", "<script>?"),
            ("3c7363726970743e", "<script>"),
            ("＜script＞", "<script>"),
            ("+ADw-script+AD4-", "<script>"),
            ("%c0%ae%c0%ae/", "../"),
            (r#"{"a":["' or 1=1"]}"#, "' or 1=1"),
        ] {
            assert!(all(value).iter().any(|seen| seen == reading), "{value}: {:?}", all(value));
        }
    }

    #[test]
    fn what_is_no_code_stays() {
        for value in
            ["username", "deadbeef", "cafebabe00112233", "100%", "a+b", "AT&T", r"C:\temp", "ünïcödé"]
        {
            assert_eq!(all(value), [value]);
        }
    }
}

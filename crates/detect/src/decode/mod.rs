//! The variants of a value: the value itself, and whatever applications decode from it.
//!
//! A bounded search: every distinct variant is visited once and decoded further, within a depth and a size budget.

mod base64;
mod entities;
mod escapes;
mod hex;
mod plausible;
mod replaced;
mod unicode;

use std::borrow::Cow;
use std::collections::HashSet;

use crate::bytes::{head, tail};

pub(crate) use self::entities::decode as decode_entities;
use self::replaced::Replaced;

/// A decoding that an application may apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoding {
    /// `%27` (RFC 3986 §2.1) and `%u0027`; `+` stays.
    Percent,
    /// `&lt;`, `&#39;`, `&#x27;`.
    HtmlEntities,
    /// `\x27`, `\u0027`, `\47`.
    Escapes,
    /// Base64 (RFC 4648) in either alphabet, padded or not, and gzip, zlib or raw deflate inside it.
    Base64,
    /// Two hexadecimal digits per byte.
    Hex,
    /// Full-width forms, overlong UTF-8, UTF-7.
    Unicode,
    /// A string inside JSON inside a string.
    Json,
    /// Padding: a long run of whitespace becomes one space.
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

    /// Decodes a value; `None` if nothing in it is encoded.
    fn decode(self, value: &[u8]) -> Option<Vec<u8>> {
        match self {
            Decoding::Percent => percent(value),
            Decoding::HtmlEntities => entities::decode(value),
            Decoding::Escapes => escapes::decode(value),
            Decoding::Unicode => unicode::decode(value),
            Decoding::Base64 => base64::decode(value),
            Decoding::Hex => hex::decode(value),
            Decoding::Json => None,
            Decoding::Gaps => gaps(value),
        }
    }
}

/// A value after some decodings.
#[derive(Debug)]
pub(crate) struct Variant<'v> {
    pub(crate) text: Cow<'v, [u8]>,
    /// The decodings that led to it, in order.
    pub(crate) decodings: Vec<Decoding>,
}

/// Total size budget for decoded variants, as a multiple of the input; and the budget of the smallest inputs, in bytes.
/// Beyond it, only the fully decoded variant is visited.
const BUDGET_FACTOR: usize = 16;
const MIN_BUDGET: usize = 4096;

/// Visits the variants of a value, at most `max_depth` decodings deep, until `visit` returns something.
pub(crate) fn variants<T>(
    value: &[u8],
    max_depth: usize,
    mut visit: impl FnMut(&Variant<'_>) -> Option<T>,
) -> Option<T> {
    let original = Variant { text: Cow::Borrowed(value), decodings: Vec::new() };
    if let Some(found) = visit(&original) {
        return Some(found);
    }
    // Most values have no decoded variant, and nothing is allocated for them.
    let mut decoded: Vec<Variant<'_>> = Vec::new();
    let mut known: HashSet<Box<[u8]>> = HashSet::new();
    let mut budget = value.len().saturating_mul(BUDGET_FACTOR).max(MIN_BUDGET);
    let mut next = 0;
    let mut is_over_budget = false;
    let mut current = &original;
    loop {
        if current.decodings.len() < max_depth {
            let texts = Decoding::ALL
                .into_iter()
                .filter_map(|decoding| Some((decoding, decoding.decode(&current.text)?)));
            let strings = json_strings(&current.text).into_iter().map(|text| (Decoding::Json, text));
            let mut found_here = Vec::new();
            for (decoding, text) in texts.chain(strings) {
                if text.len() >= budget {
                    is_over_budget = true;
                    continue;
                }
                if *text == *value || !known.insert(text.as_slice().into()) {
                    continue;
                }
                budget -= text.len() + 1;
                let mut decodings = current.decodings.clone();
                decodings.push(decoding);
                let variant = Variant { text: Cow::Owned(text), decodings };
                if let Some(found) = visit(&variant) {
                    return Some(found);
                }
                found_here.push(variant);
            }
            decoded.append(&mut found_here);
        }
        match decoded.get(next) {
            Some(variant) => current = variant,
            None if is_over_budget => return fully_decoded(value, max_depth, visit),
            None => return None,
        }
        next += 1;
    }
}

/// Visits what a value becomes when every decoding is applied in turn, again and again.
fn fully_decoded<T>(
    value: &[u8],
    max_depth: usize,
    mut visit: impl FnMut(&Variant<'_>) -> Option<T>,
) -> Option<T> {
    let mut variant = Variant { text: Cow::Borrowed(value), decodings: Vec::new() };
    for decoding in (0..max_depth).flat_map(|_| Decoding::ALL) {
        let Some(text) = decoding.decode(&variant.text) else { continue };
        variant.text = Cow::Owned(text);
        variant.decodings.push(decoding);
        if let Some(found) = visit(&variant) {
            return Some(found);
        }
    }
    None
}

fn gaps(value: &[u8]) -> Option<Vec<u8>> {
    const MAX_GAP: usize = 16;
    // A longer one has a byte at every sixteenth place.
    if !value.iter().skip(MAX_GAP).step_by(MAX_GAP).any(u8::is_ascii_whitespace) {
        return None;
    }
    let mut out = Replaced::new(value);
    let mut at = 0;
    while let Some(offset) = tail(value, at).iter().position(u8::is_ascii_whitespace) {
        let start = at + offset;
        let length = tail(value, start).iter().take_while(|b| b.is_ascii_whitespace()).count();
        at = start + length;
        if length > MAX_GAP {
            out.replace(start, at, b" ");
        }
    }
    out.finish()
}

fn percent(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Replaced::new(value);
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'%', tail(value, at)) {
        let start = at + offset;
        at = start + 1;
        match tail(value, at) {
            [b'u' | b'U', digits @ ..] if digits.len() >= 4 => {
                if let Some(character) = hex::number(head(digits, 4)).and_then(char::from_u32) {
                    at = start + 6;
                    out.replace(start, at, character.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            [high, low, ..] => {
                if let Some(byte) = hex::byte(*high, *low) {
                    at = start + 3;
                    out.replace(start, at, &[byte]);
                }
            }
            _ => {}
        }
    }
    out.finish()
}

/// The strings of a text that looks like a JSON object or array, unescaped.
fn json_strings(text: &[u8]) -> Vec<Vec<u8>> {
    let ([b'{', rest @ .., b'}'] | [b'[', rest @ .., b']']) = text.trim_ascii() else {
        return Vec::new();
    };
    let mut strings = Vec::new();
    let mut rest = rest;
    while let Some(start) = memchr::memchr(b'"', rest) {
        let string = tail(rest, start + 1);
        let Some(end) = closing_quote(string) else { break };
        let content = head(string, end);
        strings.push(escapes::decode(content).unwrap_or_else(|| content.to_vec()));
        rest = tail(string, end + 1);
    }
    strings
}

/// Where the first `"` is that no backslash escapes.
fn closing_quote(string: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match string.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(value: &str) -> Vec<String> {
        let mut seen = Vec::new();
        variants::<()>(value.as_bytes(), 5, |variant| {
            seen.push(String::from_utf8_lossy(&variant.text).into_owned());
            None
        });
        seen
    }

    #[test]
    fn each_variant_is_one_decoding_further() {
        assert_eq!(all("%2526lt;"), ["%2526lt;", "%26lt;", "&lt;", "<"]);
    }

    #[test]
    fn what_applications_decode_is_a_variant() {
        for (value, variant) in [
            ("%u0027 or 1", "' or 1"),
            (r"\x3cscript\u003E", "<script>"),
            (r"\74b\76", "<b>"),
            ("JyBvciAxPTE=", "' or 1=1"),
            ("JyBvciAxPTE", "' or 1=1"),
            ("s0m0S7LRT7QDAA==", "<a>b</a>"),
            ("PHNjcmlwdD4_", "<script>?"),
            ("3c7363726970743e", "<script>"),
            ("＜script＞", "<script>"),
            ("+ADw-script+AD4-", "<script>"),
            ("%c0%ae%c0%ae/", "../"),
            (r#"{"a":["' or 1=1"]}"#, "' or 1=1"),
        ] {
            assert!(all(value).iter().any(|seen| seen == variant), "{value}: {:?}", all(value));
        }
    }

    #[test]
    fn what_encodes_nothing_has_no_variant() {
        for value in
            ["username", "deadbeef", "cafebabe00112233", "100%", "a+b", "AT&T", r"C:\temp", "ünïcödé"]
        {
            assert_eq!(all(value), [value]);
        }
    }
}

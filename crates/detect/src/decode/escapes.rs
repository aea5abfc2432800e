//! Escapes of C, JavaScript and JSON.

use super::hex;
use crate::bytes::{cut, head, tail};

/// Decodes `\x27`, `\u0027`, `\u{27}`, `\47`, `\"` and `\n`; `None` if no escape spells a byte by number.
pub(super) fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let is_numeric = |pair: &[u8]| matches!(pair, [b'\\', b'x' | b'u' | b'U' | b'0'..=b'7']);
    if !value.contains(&b'\\') || !value.windows(2).any(is_numeric) {
        return None;
    }
    let mut out = Vec::with_capacity(value.len());
    let mut changed = false;
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = cut(rest, at);
        out.extend_from_slice(plain);
        let (decoded, length) = escape_at(escape);
        match decoded {
            Some(Escape::Byte(byte)) => out.push(byte),
            Some(Escape::Character(code)) => {
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            None => out.extend_from_slice(head(escape, length)),
        }
        changed |= decoded.is_some();
        rest = tail(escape, length);
    }
    out.extend_from_slice(rest);
    changed.then_some(out)
}

/// What an escape stands for.
enum Escape {
    Byte(u8),
    /// A code point; one that is no character becomes U+FFFD.
    Character(u32),
}

/// Decodes the escape at the beginning, and says how long it is.
fn escape_at(rest: &[u8]) -> (Option<Escape>, usize) {
    let number = |from: usize, to: usize| rest.get(from..to).and_then(hex::number);
    let byte = |code: u32| u8::try_from(code).ok().map(Escape::Byte);
    match rest.get(1) {
        Some(b'x') => number(2, 4).map_or((None, 2), |code| (byte(code), 4)),
        Some(b'u' | b'U') if rest.get(2) == Some(&b'{') => {
            let end = rest.iter().take(12).position(|b| *b == b'}');
            end.and_then(|end| Some((number(3, end)?, end + 1)))
                .map_or((None, 2), |(code, length)| (Some(Escape::Character(code)), length))
        }
        Some(b'u' | b'U') => number(2, 6).map_or((None, 2), |code| (Some(Escape::Character(code)), 6)),
        Some(b'0'..=b'7') => {
            let digits = tail(rest, 1).iter().take(3).take_while(|b| (b'0'..=b'7').contains(b));
            let (length, code) =
                digits.fold((0, 0u32), |(length, code), b| (length + 1, code << 3 | u32::from(b - b'0')));
            // A lone digit is a regex group or a drive more often than a byte.
            (if length < 2 { None } else { byte(code & 0xff) }, 1 + length)
        }
        Some(b'n') => (Some(Escape::Byte(b'\n')), 2),
        Some(b'r') => (Some(Escape::Byte(b'\r')), 2),
        Some(b't') => (Some(Escape::Byte(b'\t')), 2),
        Some(letter @ (b'"' | b'/')) => (Some(Escape::Byte(*letter)), 2),
        Some(_) => (None, 2),
        None => (None, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded() {
        for (text, decoded) in [
            (r"\x27", "'"),
            (r"\u0027\U0041", "'A"),
            (r"\u{1F600}\u{27}", "\u{1F600}'"),
            (r"\47\\47", r"'\\47"),
            (r"\x41\n\r\t\/\q", "A\n\r\t/\\q"),
            (r"\ud800\x41", "\u{FFFD}A"),
            (r"\7\x41\", r"\7A\"),
        ] {
            let found = decode(text.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            assert_eq!(found.as_deref(), Some(decoded), "{text}");
        }
        for text in [r"C:\temp", r"\n\t", r"\xg1", r"\u12", r"\7", "", r"\"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}

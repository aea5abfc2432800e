//! Escapes of C, JavaScript and JSON.

use super::hex_number;

/// Decodes `\x27`, `\u0027`, `\u{27}`, `\47`, `\"` and `\n`; nothing where there is none that spells a byte by number.
pub(super) fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let is_number = |pair: &[u8]| pair[0] == b'\\' && matches!(pair[1], b'x' | b'u' | b'U' | b'0'..=b'7');
    if !value.contains(&b'\\') || !value.windows(2).any(is_number) {
        return None;
    }
    let mut out = Vec::with_capacity(value.len());
    let mut changed = false;
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let (code, length) = one(rest);
        match code {
            Some(code @ 0..=0xff) if matches!(rest.get(1), Some(b'x' | b'0'..=b'7')) => out.push(code as u8),
            Some(code) => {
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            None => out.extend_from_slice(&rest[..length]),
        }
        changed |= code.is_some();
        rest = &rest[length..];
    }
    out.extend_from_slice(rest);
    changed.then_some(out)
}

/// What an escape at the beginning stands for, and how long it is.
fn one(rest: &[u8]) -> (Option<u32>, usize) {
    let number = |from: usize, to: usize| rest.get(from..to).and_then(hex_number);
    match rest.get(1) {
        Some(b'x') => number(2, 4).map_or((None, 2), |code| (Some(code), 4)),
        Some(b'u' | b'U') if rest.get(2) == Some(&b'{') => {
            let end = rest.iter().take(12).position(|b| *b == b'}');
            end.and_then(|end| Some((number(3, end)?, end + 1)))
                .map_or((None, 2), |(code, n)| (Some(code), n))
        }
        Some(b'u' | b'U') => number(2, 6).map_or((None, 2), |code| (Some(code), 6)),
        Some(b'0'..=b'7') => {
            let digits = rest[1..].iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            let code = rest[1..=digits].iter().fold(0u32, |code, b| code << 3 | u32::from(b - b'0'));
            // A lone digit is a group or a drive more often than a byte.
            if digits < 2 { (None, 1 + digits) } else { (Some(code & 0xff), 1 + digits) }
        }
        Some(b'n') => (Some(0x0a), 2),
        Some(b'r') => (Some(0x0d), 2),
        Some(b't') => (Some(0x09), 2),
        Some(b'"') => (Some(0x22), 2),
        Some(b'/') => (Some(0x2f), 2),
        Some(_) => (None, 2),
        None => (None, 1),
    }
}

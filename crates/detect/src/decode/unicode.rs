//! Characters that applications fold to ASCII: full-width forms, overlong UTF-8, UTF-7.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::replaced::Replaced;
use crate::bytes::{head, tail};

/// Decodes them; `None` if there are none.
pub(super) fn decode(value: &[u8]) -> Option<Vec<u8>> {
    if value.is_ascii() { utf7(value) } else { wide(value) }
}

fn wide(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut changed = false;
    let mut rest = value;
    while let Some(byte) = rest.first() {
        let (ascii, length) = match rest {
            // U+FF01 to U+FF5E.
            [0xef, 0xbc, last @ 0x81..=0xbf, ..] => (Some(last - 0x60), 3),
            [0xef, 0xbd, last @ 0x80..=0x9e, ..] => (Some(last - 0x20), 3),
            // U+FE64, U+FE65: small signs.
            [0xef, 0xb9, 0xa4, ..] => (Some(b'<'), 3),
            [0xef, 0xb9, 0xa5, ..] => (Some(b'>'), 3),
            // Primes and modifier letters that databases fold to an apostrophe.
            [0xca, 0xb9 | 0xbc, ..] | [0xcb, 0x88, ..] => (Some(b'\''), 2),
            [0xe2, 0x80, 0xb2, ..] => (Some(b'\''), 3),
            // Slashes, backslashes and dots that best-fit mappings fold.
            [0xe2, 0x88, 0x95, ..] | [0xe2, 0x81, 0x84, ..] | [0xe2, 0xa7, 0xb8, ..] => (Some(b'/'), 3),
            [0xe2, 0x88, 0x96, ..] | [0xe2, 0xa7, 0xb5, ..] | [0xef, 0xb9, 0xa8, ..] => (Some(b'\\'), 3),
            [0xe2, 0x80, 0xa4, ..] | [0xef, 0xb9, 0x92, ..] => (Some(b'.'), 3),
            // Characters whose last byte is a line break or a bracket.
            [0xe5, 0x98, 0x8a, ..] => (Some(b'\n'), 3),
            [0xe5, 0x98, 0x8d, ..] => (Some(b'\r'), 3),
            [0xe5, 0x98, 0xbc, ..] => (Some(b'<'), 3),
            [0xe5, 0x98, 0xbe, ..] => (Some(b'>'), 3),
            // Overlong UTF-8.
            [0xc0, low @ 0x40..=0x7f, ..] => (Some(*low), 2),
            [lead @ (0xc0 | 0xc1), low, ..] => (Some((lead & 1) << 6 | low & 0x3f), 2),
            [0xe0, middle @ 0x80..=0x81, low @ 0x80..=0xbf, ..] => (Some((middle & 1) << 6 | low & 0x3f), 3),
            [0xf0, 0x80, middle @ 0x80..=0x81, low @ 0x80..=0xbf, ..] => {
                (Some((middle & 1) << 6 | low & 0x3f), 4)
            }
            _ => (None, 1),
        };
        out.push(ascii.unwrap_or(*byte));
        changed |= ascii.is_some();
        rest = tail(rest, length);
    }
    changed.then_some(out)
}

/// `+ADw-` is `<` (RFC 2152).
fn utf7(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Replaced::new(value);
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'+', tail(value, at)) {
        let start = at + offset;
        at = start + 1;
        let rest = tail(value, at);
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'/').count();
        // UTF-16: the first bits of an ASCII character are zero.
        if !rest.starts_with(b"A") || !(3..=64).contains(&length) {
            continue;
        }
        let Ok(units) = STANDARD_NO_PAD.decode(head(rest, length - usize::from(length % 4 == 1))) else {
            continue;
        };
        let (units, _) = units.as_chunks::<2>();
        let ascii = units.iter().map(|[high, low]| (*high == 0 && *low < 0x80).then_some(*low));
        let Some(ascii) = ascii.collect::<Option<Vec<u8>>>().filter(|ascii| !ascii.is_empty()) else {
            continue;
        };
        at += length + usize::from(rest.get(length) == Some(&b'-'));
        out.replace(start, at, &ascii);
    }
    out.finish()
}

//! Decodings.

use inputs::slice::{cut, head, tail};

/// What Base64 decoding does at a byte outside of the alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Stops.
    Strict,
    /// Skips it.
    Forgiving,
}

/// Decodes Base64 as far as possible.
pub(super) fn base64(value: &[u8], strictness: Strictness) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in value {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ if strictness == Strictness::Forgiving && *byte != b'=' => continue,
            _ => break,
        };
        bits = bits << 6 | u32::from(six);
        count += 1;
        if count == 4 {
            let [_, bytes @ ..] = bits.to_be_bytes();
            out.extend_from_slice(&bytes);
            (bits, count) = (0, 0);
        }
    }
    // An incomplete group: 12 bits hold one byte, 18 bits two.
    let [first, second, ..] = (bits << (32 - 6 * count.max(1))).to_be_bytes();
    match count {
        2 => out.push(first),
        3 => out.extend_from_slice(&[first, second]),
        _ => {}
    }
    out
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The byte that two hexadecimal digits spell.
fn pair(bytes: &[u8]) -> Option<u8> {
    let [high, low, ..] = bytes else { return None };
    Some(digit(*high)? << 4 | digit(*low)?)
}

/// The byte that four hexadecimal digits spell: the low one, or ASCII for the full-width forms.
fn quad(bytes: &[u8]) -> Option<u8> {
    let (high, low) = (pair(bytes)?, pair(tail(bytes, 2))?);
    Some(if high == 0xff && low > 0 && low < 0x5f { low + 0x20 } else { low })
}

pub(super) fn hex(value: &[u8]) -> Vec<u8> {
    value.chunks_exact(2).map_while(pair).collect()
}

/// `0x...` becomes the bytes that it spells (SQL).
pub(super) fn sql_hex(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, next @ ..] = rest {
        match rest {
            [b'0', b'x' | b'X', digits @ ..] if pair(digits).is_some() => {
                rest = digits;
                while let Some(byte) = pair(rest) {
                    out.push(byte);
                    rest = tail(rest, 2);
                }
            }
            _ => {
                out.push(*byte);
                rest = next;
            }
        }
    }
    Some(out)
}

pub(super) fn url(value: &[u8]) -> Option<Vec<u8>> {
    unescape_url(value, |rest| pair(rest).map(|byte| (byte, 2)))
}

pub(super) fn url_uni(value: &[u8]) -> Option<Vec<u8>> {
    unescape_url(value, |rest| match rest {
        [b'u' | b'U', digits @ ..] => quad(digits).map(|byte| (byte, 5)),
        rest => pair(rest).map(|byte| (byte, 2)),
    })
}

/// Decodes `+` and the escapes that `read` knows: it gets what follows a `%`, and returns a byte and how much spells it.
fn unescape_url(value: &[u8], read: impl Fn(&[u8]) -> Option<(u8, usize)>) -> Option<Vec<u8>> {
    if !value.iter().any(|b| matches!(b, b'%' | b'+')) {
        return None;
    }
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, next @ ..] = rest {
        let decoded = if *byte == b'%' { read(next) } else { None };
        let (byte, length) = match (decoded, byte) {
            (Some(decoded), _) => decoded,
            (None, b'+') => (b' ', 0),
            (None, byte) => (*byte, 0),
        };
        out.push(byte);
        rest = tail(next, length);
    }
    Some(out)
}

pub(super) fn url_encode(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for byte in value {
        match byte {
            b' ' => out.push(b'+'),
            b'*' => out.push(b'*'),
            byte if byte.is_ascii_alphanumeric() => out.push(*byte),
            byte => out.extend_from_slice(format!("%{byte:02x}").as_bytes()),
        }
    }
    out
}

/// Encodes every character beyond ASCII as `%uXXXX`; bytes that are not UTF-8 stay.
pub(super) fn utf8_to_unicode(value: &[u8]) -> Option<Vec<u8>> {
    if value.is_ascii() {
        return None;
    }
    let mut out = Vec::with_capacity(value.len() * 2);
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            match u8::try_from(character).ok().filter(u8::is_ascii) {
                Some(byte) => out.push(byte),
                None => out.extend_from_slice(format!("%u{:04x}", u32::from(character)).as_bytes()),
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
    Some(out)
}

pub(super) fn html_entities(value: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'&', value)?;
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [byte, next @ ..] = rest {
        let decoded = if *byte == b'&' { entity(next) } else { None };
        match decoded {
            Some((decoded, length)) => {
                out.push(decoded);
                rest = tail(next, length);
                rest = rest.strip_prefix(b";").unwrap_or(rest);
            }
            None => {
                out.push(*byte);
                rest = next;
            }
        }
    }
    Some(out)
}

/// The byte of a character reference, from behind its `&`, and the length of its name.
fn entity(rest: &[u8]) -> Option<(u8, usize)> {
    if let [b'#', number @ ..] = rest {
        let (radix, start) = if matches!(number, [b'x' | b'X', ..]) { (16, 1) } else { (10, 0) };
        let digits = tail(number, start).iter().map_while(|b| char::from(*b).to_digit(radix));
        let (length, value) = digits.fold((0, 0u32), |(length, value), digit| {
            (length + 1, value.wrapping_mul(radix).wrapping_add(digit))
        });
        return (length > 0).then(|| (low_byte(value), 1 + start + length));
    }
    let name = head(rest, rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count());
    let byte = match name.to_ascii_lowercase().as_slice() {
        b"quot" => b'"',
        b"amp" => b'&',
        b"lt" => b'<',
        b"gt" => b'>',
        b"nbsp" => 0xa0,
        _ => return None,
    };
    Some((byte, name.len()))
}

/// ModSecurity keeps the low byte of larger numbers.
fn low_byte(value: u32) -> u8 {
    let [low, ..] = value.to_le_bytes();
    low
}

/// The byte that the octal digits at the beginning spell, and how many they are.
fn octal(bytes: &[u8]) -> Option<(u8, usize)> {
    let digits = bytes.iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
    // Three digits above \377 are more than a byte.
    let most = if digits == 3 && bytes.first().is_some_and(|b| *b > b'3') { 2 } else { digits };
    let value = head(bytes, most).iter().fold(0u32, |value, b| value << 3 | u32::from(b - b'0'));
    (most > 0).then(|| (low_byte(value), most))
}

/// Decodes backslash escapes: `read` gets what follows a backslash, writes what it stands for, and returns how much of it
/// belongs to the escape.
fn unescape(value: &[u8], mut read: impl FnMut(&[u8], &mut Vec<u8>) -> usize) -> Option<Vec<u8>> {
    memchr::memchr(b'\\', value)?;
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = cut(rest, at);
        out.extend_from_slice(plain);
        let escape = tail(escape, 1);
        let length = read(escape, &mut out);
        rest = tail(escape, length);
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// The control characters that C and JavaScript spell with a letter.
fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        _ => return None,
    })
}

pub(super) fn js(value: &[u8]) -> Option<Vec<u8>> {
    unescape(value, |rest, out| {
        let [letter, digits @ ..] = rest else {
            out.push(b'\\');
            return 0;
        };
        let decoded = match letter {
            b'u' => quad(digits).map(|byte| (byte, 5)),
            b'x' => pair(digits).map(|byte| (byte, 3)),
            b'0'..=b'7' => octal(rest),
            letter => control(*letter).map(|byte| (byte, 1)),
        };
        // Any other escaped character stands for itself.
        let (byte, length) = decoded.unwrap_or((*letter, 1));
        out.push(byte);
        length
    })
}

/// CSS escapes (CSS Syntax §4.3.7), the low byte of each.
pub(super) fn css(value: &[u8]) -> Option<Vec<u8>> {
    unescape(value, |rest, out| {
        let digits = rest.iter().take(6).take_while(|b| b.is_ascii_hexdigit()).count();
        if digits == 0 {
            // A line continuation, or a character that stands for itself.
            out.extend(rest.first().filter(|b| **b != b'\n'));
            return rest.len().min(1);
        }
        let code = head(rest, digits).iter().fold(0u32, |v, b| v << 4 | u32::from(digit(*b).unwrap_or(0)));
        let full_width = (0xff01..=0xff5e).contains(&(code & 0xffff)) && digits >= 4;
        out.push(if full_width { low_byte(code).wrapping_add(0x20) } else { low_byte(code) });
        // One whitespace character ends an escape and belongs to it.
        digits + usize::from(rest.get(digits).is_some_and(|b| super::space::is_space(*b)))
    })
}

/// Decodes the escapes of ANSI C; others stay.
pub(super) fn escape_sequences(value: &[u8]) -> Option<Vec<u8>> {
    unescape(value, |rest, out| {
        let decoded = match rest {
            [byte @ (b'\\' | b'?' | b'\'' | b'"'), ..] => Some((*byte, 1)),
            [b'x' | b'X', digits @ ..] => pair(digits).map(|byte| (byte, 3)),
            [b'0'..=b'7', ..] => octal(rest),
            [letter, ..] => control(*letter).map(|byte| (byte, 1)),
            [] => None,
        };
        match decoded {
            Some((byte, length)) => {
                out.push(byte);
                length
            }
            None => {
                out.push(b'\\');
                out.extend(rest.first());
                rest.len().min(1)
            }
        }
    })
}

//! Decodings.

/// How much a Base64 text may be bent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// It ends at the first byte that is none of the alphabet's.
    Strict,
    /// Such bytes are left out.
    Forgiving,
}

/// What a Base64 text says, as far as it is one.
pub(super) fn base64(value: &[u8], strictness: Strictness) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
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
            out.extend_from_slice(&[(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
            (bits, count) = (0, 0);
        }
    }
    match count {
        2 => out.push((bits >> 4) as u8),
        3 => out.extend_from_slice(&[(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => {}
    }
    out
}

fn digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|d| d as u8)
}

/// The byte that two hexadecimal digits spell.
fn pair(bytes: &[u8]) -> Option<u8> {
    Some(digit(*bytes.first()?)? << 4 | digit(*bytes.get(1)?)?)
}

/// The byte of four hexadecimal digits: the low one, and plain ASCII for the full-width forms.
fn quad(bytes: &[u8]) -> Option<u8> {
    let (high, low) = (pair(bytes)?, pair(bytes.get(2..)?)?);
    Some(if high == 0xff && low > 0 && low < 0x5f { low + 0x20 } else { low })
}

pub(super) fn hex(value: &[u8]) -> Vec<u8> {
    value.chunks_exact(2).map_while(pair).collect()
}

/// `0x...` becomes the bytes that it spells (SQL).
pub(super) fn sql_hex(value: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        let rest = &value[at..];
        if rest[0] == b'0' && matches!(rest.get(1), Some(b'x' | b'X')) && pair(&rest[2..]).is_some() {
            at += 2;
            while let Some(byte) = pair(&value[at..]) {
                out.push(byte);
                at += 2;
            }
        } else {
            out.push(rest[0]);
            at += 1;
        }
    }
    Some(out)
}

pub(super) fn url(value: &[u8]) -> Option<Vec<u8>> {
    if !value.iter().any(|b| matches!(b, b'%' | b'+')) {
        return None;
    }
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        match (value[at], pair(&value[at + 1..])) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    Some(out)
}

pub(super) fn url_uni(value: &[u8]) -> Option<Vec<u8>> {
    if !value.iter().any(|b| matches!(b, b'%' | b'+')) {
        return None;
    }
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        let rest = &value[at + 1..];
        match value[at] {
            b'%' if matches!(rest.first(), Some(b'u' | b'U')) && quad(&rest[1..]).is_some() => {
                out.extend(quad(&rest[1..]));
                at += 6;
                continue;
            }
            b'%' if pair(rest).is_some() => {
                out.extend(pair(rest));
                at += 3;
                continue;
            }
            b'+' => out.push(b' '),
            byte => out.push(byte),
        }
        at += 1;
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

/// `%uXXXX` for every character that is not ASCII; bytes that are no UTF-8 stay.
pub(super) fn utf8_to_unicode(value: &[u8]) -> Option<Vec<u8>> {
    if value.is_ascii() {
        return None;
    }
    let mut out = Vec::with_capacity(value.len() * 2);
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_ascii() {
                out.push(character as u8);
            } else {
                out.extend_from_slice(format!("%u{:04x}", character as u32).as_bytes());
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
    Some(out)
}

pub(super) fn html_entities(value: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'&', value)?;
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        match (value[at] == b'&').then(|| entity(&value[at + 1..])).flatten() {
            Some((byte, length)) => {
                out.push(byte);
                at += 1 + length;
                if value.get(at) == Some(&b';') {
                    at += 1;
                }
            }
            None => {
                out.push(value[at]);
                at += 1;
            }
        }
    }
    Some(out)
}

/// The byte of an entity, after its `&`, and how long its name is.
fn entity(rest: &[u8]) -> Option<(u8, usize)> {
    if rest.first() == Some(&b'#') {
        let (radix, start) = if matches!(rest.get(1), Some(b'x' | b'X')) { (16, 2) } else { (10, 1) };
        let digits = rest[start..].iter().take_while(|b| (**b as char).is_digit(radix)).count();
        if digits == 0 {
            return None;
        }
        let value = rest[start..start + digits].iter().fold(0u32, |value, b| {
            value.wrapping_mul(radix).wrapping_add((*b as char).to_digit(radix).unwrap_or(0))
        });
        return Some((value as u8, start + digits));
    }
    let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let byte = match rest[..length].to_ascii_lowercase().as_slice() {
        b"quot" => b'"',
        b"amp" => b'&',
        b"lt" => b'<',
        b"gt" => b'>',
        b"nbsp" => 0xa0,
        _ => return None,
    };
    Some((byte, length))
}

/// The octal digits at the beginning: their value and how many they are.
fn octal(bytes: &[u8]) -> Option<(u8, usize)> {
    let digits = bytes.iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
    // Three digits that begin above 3 are more than a byte.
    let digits = if digits == 3 && bytes[0] > b'3' { 2 } else { digits };
    let value = bytes[..digits].iter().fold(0u32, |value, b| value << 3 | u32::from(b - b'0'));
    (digits > 0).then_some((value as u8, digits))
}

pub(super) fn js(value: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'\\', value)?;
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        if value[at] != b'\\' {
            out.push(value[at]);
            at += 1;
            continue;
        }
        let rest = &value[at + 1..];
        let (byte, length) = match rest.first() {
            Some(b'u') if quad(&rest[1..]).is_some() => (quad(&rest[1..]), 5),
            Some(b'x') if pair(&rest[1..]).is_some() => (pair(&rest[1..]), 3),
            Some(b'0'..=b'7') => octal(rest).map_or((None, 1), |(byte, length)| (Some(byte), length)),
            Some(b'a') => (Some(0x07), 1),
            Some(b'b') => (Some(0x08), 1),
            Some(b'f') => (Some(0x0c), 1),
            Some(b'n') => (Some(b'\n'), 1),
            Some(b'r') => (Some(b'\r'), 1),
            Some(b't') => (Some(b'\t'), 1),
            Some(b'v') => (Some(0x0b), 1),
            // What is escaped without need is itself.
            Some(byte) => (Some(*byte), 1),
            None => (Some(b'\\'), 0),
        };
        out.extend(byte);
        at += 1 + length;
    }
    Some(out)
}

/// CSS escapes (CSS Syntax §4.3.7), the low byte of each.
pub(super) fn css(value: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'\\', value)?;
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        if value[at] != b'\\' {
            out.push(value[at]);
            at += 1;
            continue;
        }
        let rest = &value[at + 1..];
        let digits = rest.iter().take(6).take_while(|b| b.is_ascii_hexdigit()).count();
        at += 1;
        if digits > 0 {
            let low = rest[..digits].iter().fold(0u32, |v, b| v << 4 | u32::from(digit(*b).unwrap_or(0)));
            let full_width = (0xff01..=0xff5e).contains(&(low & 0xffff)) && digits >= 4;
            out.push(if full_width { (low as u8).wrapping_add(0x20) } else { low as u8 });
            at += digits;
            if value.get(at).is_some_and(|b| super::space::is_space(*b)) {
                at += 1;
            }
        } else {
            match rest.first() {
                Some(b'\n') => at += 1,
                Some(byte) => {
                    out.push(*byte);
                    at += 1;
                }
                None => {}
            }
        }
    }
    Some(out)
}

/// The escapes of ANSI C: what they spell; others stay as they are.
pub(super) fn escape_sequences(value: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'\\', value)?;
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        if value[at] != b'\\' {
            out.push(value[at]);
            at += 1;
            continue;
        }
        let rest = &value[at + 1..];
        let simple = match rest.first() {
            Some(b'a') => Some(0x07),
            Some(b'b') => Some(0x08),
            Some(b'f') => Some(0x0c),
            Some(b'n') => Some(b'\n'),
            Some(b'r') => Some(b'\r'),
            Some(b't') => Some(b'\t'),
            Some(b'v') => Some(0x0b),
            Some(byte @ (b'\\' | b'?' | b'\'' | b'"')) => Some(*byte),
            _ => None,
        };
        let decoded = match (simple, rest.first()) {
            (Some(byte), _) => Some((byte, 1)),
            (None, Some(b'x' | b'X')) => pair(&rest[1..]).map(|byte| (byte, 3)),
            (None, Some(b'0'..=b'7')) => octal(rest),
            _ => None,
        };
        match decoded {
            Some((byte, length)) => {
                out.push(byte);
                at += 1 + length;
            }
            None => {
                // What is no escape stays, backslash and all.
                out.push(b'\\');
                at += 1;
                if let Some(byte) = rest.first() {
                    out.push(*byte);
                    at += 1;
                }
            }
        }
    }
    Some(out)
}

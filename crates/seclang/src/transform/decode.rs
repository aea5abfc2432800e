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

/// What a value is when each backslash is read with what follows it: `read` writes what it stands for, and answers how
/// much of what follows it took.
fn unescape(value: &[u8], mut read: impl FnMut(&[u8], &mut Vec<u8>) -> usize) -> Option<Vec<u8>> {
    memchr::memchr(b'\\', value)?;
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let taken = read(rest, &mut out);
        rest = &rest[taken..];
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
        let Some(first) = rest.first() else {
            out.push(b'\\');
            return 0;
        };
        let (byte, taken) = match first {
            b'u' if quad(&rest[1..]).is_some() => (quad(&rest[1..]), 5),
            b'x' if pair(&rest[1..]).is_some() => (pair(&rest[1..]), 3),
            b'0'..=b'7' => octal(rest).map_or((None, 1), |(byte, length)| (Some(byte), length)),
            // What is escaped without need is itself.
            letter => (control(*letter).or(Some(*letter)), 1),
        };
        out.extend(byte);
        taken
    })
}

/// CSS escapes (CSS Syntax §4.3.7), the low byte of each.
pub(super) fn css(value: &[u8]) -> Option<Vec<u8>> {
    unescape(value, |rest, out| {
        let digits = rest.iter().take(6).take_while(|b| b.is_ascii_hexdigit()).count();
        if digits == 0 {
            // A line that goes on; or a character that stands for itself.
            out.extend(rest.first().filter(|b| **b != b'\n'));
            return rest.len().min(1);
        }
        let code = rest[..digits].iter().fold(0u32, |v, b| v << 4 | u32::from(digit(*b).unwrap_or(0)));
        let full_width = (0xff01..=0xff5e).contains(&(code & 0xffff)) && digits >= 4;
        out.push(if full_width { (code as u8).wrapping_add(0x20) } else { code as u8 });
        // One white space ends an escape, and goes with it.
        digits + usize::from(rest.get(digits).is_some_and(|b| super::space::is_space(*b)))
    })
}

/// The escapes of ANSI C: what they spell; others stay as they are.
pub(super) fn escape_sequences(value: &[u8]) -> Option<Vec<u8>> {
    unescape(value, |rest, out| {
        let decoded = match rest.first() {
            Some(byte @ (b'\\' | b'?' | b'\'' | b'"')) => Some((*byte, 1)),
            Some(b'x' | b'X') => pair(&rest[1..]).map(|byte| (byte, 3)),
            Some(b'0'..=b'7') => octal(rest),
            Some(letter) => control(*letter).map(|byte| (byte, 1)),
            None => None,
        };
        match decoded {
            Some((byte, taken)) => {
                out.push(byte);
                taken
            }
            None => {
                out.push(b'\\');
                out.extend(rest.first());
                rest.len().min(1)
            }
        }
    })
}

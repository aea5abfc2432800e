//! The normal form of a target, and what has none.

use super::error::TargetError;

/// Bytes that need no look at all: letters, digits and marks that mean the same to everybody.
pub(super) fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~')
}

/// RFC 3986 §2.3.
pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

/// A path in its normal form, and as it is sent on.
pub(super) fn normalise(path: &str) -> Result<(String, String), TargetError> {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len());
    let mut sent = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'%' => {
                let code = bytes.get(at..at + 2).and_then(hex_pair).ok_or(TargetError::BrokenEscape)?;
                sent.push_str(path.get(at - 1..at + 2).unwrap_or_default());
                at += 2;
                match code {
                    b'\\' => return Err(TargetError::Backslash),
                    0..=0x1f | 0x7f => return Err(TargetError::Control),
                    code if is_unreserved(code) => out.push(char::from(code)),
                    code => push_escape(&mut out, code),
                }
            }
            b'\\' => return Err(TargetError::Backslash),
            0..=0x20 | 0x7f => return Err(TargetError::Control),
            b'/' if out.ends_with('/') => {
                if out.len() > 1 {
                    sent.push('/');
                }
            }
            byte if byte.is_ascii() => {
                [&mut out, &mut sent].into_iter().for_each(|to| to.push(char::from(byte)))
            }
            byte => [&mut out, &mut sent].into_iter().for_each(|to| push_escape(to, byte)),
        }
    }
    Ok((out, sent))
}

pub(super) fn check_segment(segment: &str) -> Result<(), TargetError> {
    if is_dots(segment.as_bytes()) {
        return Err(TargetError::DotSegment);
    }
    if !segment.contains('%') {
        return Ok(());
    }
    let once = percent_encoding::percent_decode_str(segment).collect::<Vec<u8>>();
    if once.split(|byte| *byte == b'/').any(is_dots) {
        return Err(TargetError::DotSegment);
    }
    if has_other_form(&once) {
        return Err(TargetError::Overlong);
    }
    // A second encoding, which some servers undo: `%252e%252e%252f`.
    if segment.contains("%25") {
        let twice = percent_encoding::percent_decode(&once).collect::<Vec<u8>>();
        if has_other_form(&twice) {
            return Err(TargetError::Overlong);
        }
        if twice.iter().any(|b| *b < 0x20) {
            return Err(TargetError::Control);
        }
        if twice.split(|b| *b == b'/' || *b == b'\\').any(is_dots) {
            return Err(TargetError::DotSegment);
        }
    }
    Ok(())
}

/// Whether a segment leads to the directory that it is in, or out of it. Servers cut parameters (`..;x`) first.
fn is_dots(segment: &[u8]) -> bool {
    matches!(segment.split(|byte| *byte == b';').next(), Some(b"." | b".."))
}

/// Whether lenient decoders make other bytes of it: longer forms of ASCII bytes, or dot segments written with dots
/// and slashes of another width (`．．／`), which compatibility normalisation makes plain.
fn has_other_form(bytes: &[u8]) -> bool {
    let overlong = |pair: &[u8]| {
        matches!(
            pair,
            [0xc0 | 0xc1, 0x80..=0xff]
                | [0xe0, 0x80..=0x9f]
                | [0xf0, 0x80..=0x8f]
                | [0xf8..=0xfd, 0x80..=0xff]
        )
    };
    if bytes.windows(2).any(overlong) {
        return true;
    }
    let wide = std::str::from_utf8(bytes).ok().filter(|text| !text.is_ascii());
    wide.is_some_and(|text| {
        let narrow = text.replace(['\u{2024}', '\u{ff0e}'], ".");
        let is_slash =
            |c| matches!(c, '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{ff0f}' | '\u{ff3c}');
        narrow.split(is_slash).any(|part| part == "." || part == "..")
    })
}

/// A control byte, raw or escaped. CR and LF in a query value are text that people send (comments, addresses).
pub(super) fn has_control(query: &[u8]) -> bool {
    query.iter().any(|b| *b < 0x20 || *b == 0x7f) || query.windows(3).any(|w| w == b"%00")
}

/// The segments of a path, as they are written.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

pub(super) fn escape_raw(query: &str) -> String {
    if query.is_ascii() {
        return query.to_owned();
    }
    let mut out = String::with_capacity(query.len() + 16);
    for byte in query.bytes() {
        if byte.is_ascii() { out.push(char::from(byte)) } else { push_escape(&mut out, byte) }
    }
    out
}

fn push_escape(out: &mut String, byte: u8) {
    out.push_str(percent_encoding::percent_encode_byte(byte));
}

pub(super) fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)
}

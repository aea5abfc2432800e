//! Base64 and hexadecimal digits, where what they spell is plausibly text.

use std::io::Read;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
static USUAL: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
static URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// Shorter texts are words by chance.
const SHORTEST: usize = 8;
/// What is taken out of a compressed text.
const MOST_INFLATED: u64 = 64 * 1024;

/// Decodes a value that is Base64 as a whole, or a `data:` URL's content.
pub(super) fn base64(value: &[u8]) -> Option<Vec<u8>> {
    let value = value.trim_ascii();
    let value = match memchr::memmem::find(value, b";base64,") {
        Some(at) => &value[at + 8..],
        None => value,
    };
    let mut url = false;
    let fits = value.len() >= SHORTEST
        && value.iter().all(|byte| {
            url |= matches!(byte, b'-' | b'_');
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
        });
    if !fits {
        return None;
    }
    let decoded = if url { URL.decode(value) } else { USUAL.decode(value) }.ok()?;
    if decoded.starts_with(&[0x1f, 0x8b]) {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&decoded[..]).take(MOST_INFLATED).read_to_end(&mut text).ok()?;
        return is_text(&text).then_some(text);
    }
    is_text(&decoded).then_some(decoded)
}

/// Decodes a value that is hexadecimal digits as a whole, `0x` before it or not.
pub(super) fn hex(value: &[u8]) -> Option<Vec<u8>> {
    let digits = value.strip_prefix(b"0x").unwrap_or(value);
    if digits.len() < SHORTEST || digits.len() % 2 == 1 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let decoded: Option<Vec<u8>> =
        digits.chunks(2).map(|pair| super::hex_number(pair).map(|byte| byte as u8)).collect();
    decoded.filter(|text| is_text(text))
}

/// Whether bytes are text that may be code: all of it can be written, and some of it is neither letter nor digit.
fn is_text(bytes: &[u8]) -> bool {
    let writable = |b: &u8| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    bytes.iter().all(writable) && bytes.iter().any(|b| b.is_ascii_punctuation())
}

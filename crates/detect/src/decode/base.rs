//! Base64 and hexadecimal digits, if what they spell is plausibly text.

use std::io::Read;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::bytes::{find, tail};

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
static USUAL: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
static URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// Shorter values are often words.
const MIN_LENGTH: usize = 8;
/// Limit for decompressed text, in bytes.
const MAX_INFLATED: u64 = 64 * 1024;

/// Decodes a value that is entirely Base64, or the content of a `data:` URL.
pub(super) fn base64(value: &[u8]) -> Option<Vec<u8>> {
    let value = value.trim_ascii();
    let value = find(value, ";base64,").map_or(value, |at| tail(value, at + 8));
    let mut url = false;
    let fits = value.len() >= MIN_LENGTH
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
        flate2::read::GzDecoder::new(decoded.as_slice()).take(MAX_INFLATED).read_to_end(&mut text).ok()?;
        return is_text(&text).then_some(text);
    }
    is_text(&decoded).then_some(decoded)
}

/// Decodes a value that is entirely hexadecimal digits, with or without `0x`.
pub(super) fn hex(value: &[u8]) -> Option<Vec<u8>> {
    let digits = value.strip_prefix(b"0x").unwrap_or(value);
    if digits.len() < MIN_LENGTH || digits.len() % 2 == 1 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let (pairs, _) = digits.as_chunks::<2>();
    let decoded: Option<Vec<u8>> = pairs.iter().map(|[high, low]| super::hex_byte(*high, *low)).collect();
    decoded.filter(|text| is_text(text))
}

/// Whether bytes are printable ASCII with some punctuation, without which there is no code.
fn is_text(bytes: &[u8]) -> bool {
    let writable = |b: &u8| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    bytes.iter().all(writable) && bytes.iter().any(|b| b.is_ascii_punctuation())
}

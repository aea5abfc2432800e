//! Base64, if what it spells is plausibly text.

use std::io::Read;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::plausible::{MIN_LENGTH, is_text};
use crate::bytes::{find, tail};

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
static USUAL: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
static URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// Limit for decompressed text, in bytes.
const MAX_INFLATED: u64 = 64 * 1024;

/// Decodes a value that is entirely Base64, or the content of a `data:` URL.
pub(super) fn decode(value: &[u8]) -> Option<Vec<u8>> {
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
    if is_text(&decoded) {
        return Some(decoded);
    }
    let inflated = |reader: &mut dyn Read| {
        let mut text = Vec::new();
        reader.take(MAX_INFLATED).read_to_end(&mut text).ok()?;
        is_text(&text).then_some(text)
    };
    match decoded.as_slice() {
        [0x1f, 0x8b, ..] => inflated(&mut flate2::read::GzDecoder::new(decoded.as_slice())),
        [0x78, _, ..] => inflated(&mut flate2::read::ZlibDecoder::new(decoded.as_slice())),
        // SAML's redirect binding (SAML 2.0 bindings §3.4.4.1): XML in raw deflate.
        _ => inflated(&mut flate2::read::DeflateDecoder::new(decoded.as_slice()))
            .filter(|text| text.trim_ascii_start().starts_with(b"<")),
    }
}

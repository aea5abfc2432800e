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
        // SAML's redirect binding (SAML 2.0 bindings §3.4.4.1): XML in raw deflate. Any word of letters could be Base64, and a
        // decoder is dear to make.
        deflated if may_be_deflate(deflated) => inflated(&mut flate2::read::DeflateDecoder::new(deflated))
            .filter(|text| text.trim_ascii_start().starts_with(b"<")),
        _ => None,
    }
}

/// Whether bytes begin as a raw deflate stream does (RFC 1951 §3.2.3) that begins with a byte of markup or a blank.
fn may_be_deflate(bytes: &[u8]) -> bool {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| usize::from(byte >> (at % 8) & 1));
    // Numbers are stored from their lowest bit.
    let number = |at: usize, bits: usize| (0..bits).map(|i| bit(at + i) << i).sum::<usize>();
    let begins_text = |byte: u8| byte == b'<' || byte.is_ascii_whitespace() || byte == 0xef;
    match (number(1, 2), bytes) {
        // Stored: a length, its complement, and the bytes.
        (0, [_, low, high, not_low, not_high, first, ..]) => {
            *low == !not_low && *high == !not_high && begins_text(*first)
        }
        // Fixed codes, from their highest bit: a literal below 144 has eight bits and begins at 0x30, others have nine.
        (1, [_, _, ..]) => {
            let code = |bits| (0..bits).fold(0, |code, i| code << 1 | bit(3 + i));
            let literal = match code(8) {
                short @ 0x30..0xc0 => short - 0x30,
                0xc8.. => code(9) - 0x190 + 144,
                _ => return false,
            };
            u8::try_from(literal).is_ok_and(begins_text)
        }
        // Codes of its own: the lengths of the codes of their lengths make a whole tree.
        (2, [_, _, _, ..]) => {
            let (literals, distances, lengths) = (number(3, 5), number(8, 5), number(13, 4) + 4);
            let tree: usize = (0..lengths)
                .map(|i| number(17 + 3 * i, 3))
                .filter(|bits| *bits > 0)
                .map(|bits| 128 >> bits)
                .sum();
            literals < 30 && distances < 30 && tree == 128
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    fn deflated(text: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn markup_in_raw_deflate_is_found_and_a_word_is_not_tried() {
        let long =
            format!("<samlp:AuthnRequest ID=\"_1\">{}</samlp:AuthnRequest>", "<a b='c'>text</a> ".repeat(40));
        for text in ["<a>1</a>", " \n<a/>", "\u{feff}<x/>", &long] {
            for level in [0, 1, 6, 9] {
                assert!(may_be_deflate(&deflated(text.as_bytes(), level)), "{level} {text}");
            }
        }
        let words =
            ["password", "username", "description", "eyJhbGciOiJIUzI1NiJ9", "createdAt", "1234567890ab"];
        let tried = words.iter().filter(|word| USUAL.decode(word).is_ok_and(|bytes| may_be_deflate(&bytes)));
        assert_eq!(tried.count(), 0);
        // Of random bytes, few are tried.
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        let tried = (0..10_000).filter(|_| may_be_deflate(&std::array::from_fn::<u8, 24, _>(|_| random())));
        assert!(tried.count() < 500);
    }
}

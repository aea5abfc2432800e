//! Digests and encodings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Digest;

pub(super) fn base64_encode(value: &[u8]) -> Vec<u8> {
    STANDARD.encode(value).into_bytes()
}

pub(super) fn hex_encode(value: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    value.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).collect()
}

pub(super) fn md5(value: &[u8]) -> Vec<u8> {
    md5::Md5::digest(value).to_vec()
}

pub(super) fn sha1(value: &[u8]) -> Vec<u8> {
    sha1::Sha1::digest(value).to_vec()
}

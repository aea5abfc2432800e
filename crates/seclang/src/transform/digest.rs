//! Digests and encodings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Digest;

pub(super) fn base64_encode(value: &[u8]) -> Vec<u8> {
    STANDARD.encode(value).into_bytes()
}

pub(super) fn hex_encode(value: &[u8]) -> Vec<u8> {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    value.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

pub(super) fn md5(value: &[u8]) -> Vec<u8> {
    md5::Md5::digest(value).to_vec()
}

pub(super) fn sha1(value: &[u8]) -> Vec<u8> {
    sha1::Sha1::digest(value).to_vec()
}

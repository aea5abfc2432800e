//! Random bits from the operating system, as tokens and ids.
//!
//! A token of 256 random bits needs no slow hash: nobody can try 2^256 of them. What is stored of it is its SHA-256, so that
//! a copy of the store lets nobody in.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A token: 256 random bits as 43 characters of base64url.
#[must_use]
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// An id that does not collide and cannot be guessed: 128 random bits as 22 characters of base64url.
#[must_use]
pub fn id() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<16>())
}

/// What is stored of a token: its SHA-256.
#[must_use]
pub fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// `N` random bytes.
///
/// # Panics
/// If the operating system has no random bits. AWS-LC ends the process before that, because nothing safe can follow.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[allow(clippy::expect_used, reason = "a token that can be guessed is worse than a panic")]
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bits");
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_and_ids_have_their_length_and_differ() {
        let tokens: HashSet<String> = (0..1000).map(|_| token()).collect();
        let ids: HashSet<String> = (0..1000).map(|_| id()).collect();
        assert_eq!((tokens.len(), ids.len()), (1000, 1000));
        assert!(tokens.iter().all(|token| token.len() == 43));
        assert!(ids.iter().all(|id| id.len() == 22));
    }

    #[test]
    fn the_hash_of_a_token_is_sha_256() {
        // FIPS 180-2, appendix B.1
        assert_eq!(&hash_token("abc")[..4], &[0xba, 0x78, 0x16, 0xbf]);
    }
}

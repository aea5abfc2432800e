//! The master key, and what it protects at rest: signing keys, secrets of one-time codes, and the marks by which tokens of our
//! own are known.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes of a master key.
const MASTER_KEY_BYTES: usize = 32;

/// Why something cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// A master key has 32 bytes.
    #[error(
        "a master key has 32 bytes, as 64 hexadecimal digits or 43 letters of Base64; make one with `openssl rand -hex 32`"
    )]
    Length,
    /// It was sealed with another master key, or changed since.
    #[error("it was written with another master key, or changed since")]
    Sealed,
    /// The library refuses.
    #[error("the cryptographic library fails")]
    Library,
}

/// Seals and opens with keys that are derived from one master key (HKDF, RFC 5869).
pub struct Vault {
    sealing: RandomizedNonceKey,
    marking: hmac::Key,
    master: [u8; MASTER_KEY_BYTES],
}

/// The length of what is derived.
struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

impl Vault {
    /// The vault of a master key.
    ///
    /// # Errors
    /// If the library refuses.
    pub fn new(master: [u8; MASTER_KEY_BYTES]) -> Result<Self, VaultError> {
        let sealing = RandomizedNonceKey::new(&AES_256_GCM, &derive(&master, b"sealing")?);
        Ok(Vault {
            sealing: sealing.map_err(|_| VaultError::Library)?,
            marking: hmac::Key::new(hmac::HMAC_SHA256, &derive(&master, b"marking")?),
            master,
        })
    }

    /// Reads a master key as people write it: 64 hexadecimal digits, or Base64 of 32 bytes, with blanks around.
    ///
    /// # Errors
    /// If it is neither.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let text = text.trim();
        let hex = |text: &str| -> Option<Vec<u8>> {
            let pairs = text.as_bytes().chunks(2);
            pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
        };
        let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes = match is_hex {
            true => hex(text),
            false => {
                let plain: String = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
                URL_SAFE_NO_PAD.decode(plain).ok()
            }
        };
        let master = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(VaultError::Length)?;
        Vault::new(master)
    }

    /// Seals a text for a place, and opens nowhere else.
    ///
    /// # Errors
    /// If the library refuses.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<String, VaultError> {
        seal(&self.sealing, place, plain)
    }

    /// Opens what was sealed for a place.
    ///
    /// # Errors
    /// If it was sealed for another place or with another master key, or changed since.
    pub fn open(&self, place: &str, sealed: &str) -> Result<Vec<u8>, VaultError> {
        open(&self.sealing, place, sealed)
    }

    /// A vault whose key only those have who hold this secret besides the master key.
    pub(crate) fn with_secret(&self, secret: &[u8]) -> Result<RandomizedNonceKey, VaultError> {
        let salt = Salt::new(HKDF_SHA256, &self.master);
        let key = salt.extract(secret);
        let mut bytes = [0; 32];
        key.expand(&[b"handing over"], Bytes32)
            .and_then(|okm| okm.fill(&mut bytes))
            .map_err(|_| VaultError::Library)?;
        RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| VaultError::Library)
    }

    /// The mark by which a text of ours is known.
    pub fn mark(&self, text: &[u8]) -> [u8; 16] {
        let tag = hmac::sign(&self.marking, text);
        let mut mark = [0; 16];
        mark.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        mark
    }

    /// Whether a text bears our mark, in constant time.
    pub fn is_marked(&self, text: &[u8], mark: &[u8]) -> bool {
        bool::from(subtle::ConstantTimeEq::ct_eq(&self.mark(text)[..], mark))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

fn derive(master: &[u8], purpose: &[u8]) -> Result<[u8; 32], VaultError> {
    let mut bytes = [0; 32];
    Salt::new(HKDF_SHA256, b"doorward accounts")
        .extract(master)
        .expand(&[purpose], Bytes32)
        .and_then(|okm| okm.fill(&mut bytes))
        .map_err(|_| VaultError::Library)?;
    Ok(bytes)
}

pub(crate) fn seal(key: &RandomizedNonceKey, place: &str, plain: &[u8]) -> Result<String, VaultError> {
    let mut bytes = plain.to_vec();
    let nonce = key
        .seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut bytes)
        .map_err(|_| VaultError::Library)?;
    let mut sealed = nonce.as_ref().to_vec();
    sealed.extend_from_slice(&bytes);
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

pub(crate) fn open(key: &RandomizedNonceKey, place: &str, sealed: &str) -> Result<Vec<u8>, VaultError> {
    const NONCE: usize = 12;
    let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| VaultError::Sealed)?;
    let (nonce, rest) = bytes.split_at_checked(NONCE).ok_or(VaultError::Sealed)?;
    let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| VaultError::Sealed)?;
    let mut rest = rest.to_vec();
    let plain = key
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut rest)
        .map_err(|_| VaultError::Sealed)?;
    Ok(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let vault = Vault::new([7; 32]).unwrap();
        let sealed = vault.seal("totp:ann", b"secret").unwrap();
        assert_eq!(vault.open("totp:ann", &sealed).unwrap(), b"secret");
        assert_ne!(sealed, vault.seal("totp:ann", b"secret").unwrap(), "each time by another nonce");
        let mut changed = sealed.clone();
        changed.replace_range(20..21, if sealed.get(20..21) == Some("A") { "B" } else { "A" });
        let other = Vault::new([8; 32]).unwrap();
        for failed in [
            vault.open("totp:bob", &sealed),
            vault.open("totp:ann", &changed),
            vault.open("totp:ann", "AA"),
            vault.open("totp:ann", "no base64 at all"),
            other.open("totp:ann", &sealed),
        ] {
            assert_eq!(failed, Err(VaultError::Sealed));
        }
    }

    #[test]
    fn a_secret_makes_a_vault_of_its_own() {
        let vault = Vault::new([7; 32]).unwrap();
        let key = vault.with_secret(b"spent").unwrap();
        let sealed = seal(&key, "x", b"next").unwrap();
        assert_eq!(open(&vault.with_secret(b"spent").unwrap(), "x", &sealed).unwrap(), b"next");
        assert!(open(&vault.with_secret(b"other").unwrap(), "x", &sealed).is_err());
        assert!(vault.open("x", &sealed).is_err());
    }

    #[test]
    fn master_keys_are_read_as_people_write_them() {
        let hex = "00".repeat(31) + "ff";
        let base64 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8=";
        let sealed = Vault::parse(&format!(" {hex}\n")).unwrap().seal("a", b"b").unwrap();
        assert!(Vault::parse(base64).unwrap().open("a", &sealed).is_ok());
        for wrong in ["", "abc", &"00".repeat(31), "not a key at all, however long it may be, 32 bytes"] {
            assert_eq!(Vault::parse(wrong).unwrap_err(), VaultError::Length, "{wrong}");
        }
    }

    #[test]
    fn marks_are_of_one_text_and_one_vault() {
        let vault = Vault::new([7; 32]).unwrap();
        let mark = vault.mark(b"text");
        assert!(vault.is_marked(b"text", &mark));
        assert!(!vault.is_marked(b"texts", &mark) && !vault.is_marked(b"text", &mark[..15]));
        assert!(!Vault::new([8; 32]).unwrap().is_marked(b"text", &mark));
    }
}

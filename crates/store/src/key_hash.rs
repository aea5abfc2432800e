//! The keyed hash behind counter keys. Gateways that share counters share its secret; without one it is random.

use std::fmt::{self, Debug};
use std::hash::{BuildHasher, Hasher, RandomState};

use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128, SipHasher13};

/// The key of a counter: a keyed hash of what the limit counts by ([`KeyHash`]), so that a store holds no
/// personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CounterKey(pub u128);

/// Makes counter keys: SipHash-1-3 with 128 bits of output, under a secret key.
#[derive(Clone, Copy)]
pub struct KeyHash {
    key: [u8; 16],
}

impl KeyHash {
    /// A hash of this process alone.
    pub fn random() -> Self {
        // Two hashers of the standard library, each keyed by the operating system's randomness.
        let half = || RandomState::new().build_hasher().finish().to_le_bytes();
        let mut key = [0; 16];
        for (byte, random) in key.iter_mut().zip(half().into_iter().chain(half())) {
            *byte = random;
        }
        KeyHash { key }
    }

    /// The hash of all gateways that have this secret.
    pub fn from_secret(secret: &[u8]) -> Self {
        // The prefix keeps this key apart from any other that somebody derives from the same secret.
        let digest = Sha256::new().chain_update(b"doorward counter keys\0").chain_update(secret).finalize();
        let mut key = [0; 16];
        for (byte, digested) in key.iter_mut().zip(digest) {
            *byte = digested;
        }
        KeyHash { key }
    }

    /// The hash with this key, and the key of a hash, for a file of counters that it has named.
    pub(crate) fn from_key(key: [u8; 16]) -> Self {
        KeyHash { key }
    }

    pub(crate) fn to_key(self) -> [u8; 16] {
        self.key
    }

    /// The key of the parts that `write` adds.
    pub fn key(&self, write: impl FnOnce(&mut KeyWriter)) -> CounterKey {
        let mut writer = self.writer();
        write(&mut writer);
        writer.finish()
    }

    /// The key of the parts that `write` adds; `None` if it finds a part missing.
    pub fn try_key(&self, write: impl FnOnce(&mut KeyWriter) -> Option<()>) -> Option<CounterKey> {
        let mut writer = self.writer();
        write(&mut writer)?;
        Some(writer.finish())
    }

    fn writer(&self) -> KeyWriter {
        KeyWriter(SipHasher13::new_with_key(&self.key))
    }
}

impl Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash")
    }
}

/// Takes the parts of a key. Unlike `std::hash::Hash`, it writes the same bytes on every machine and in every version,
/// and each part with its length, so that no two lists of parts read alike.
#[derive(Debug)]
pub struct KeyWriter(SipHasher13);

impl KeyWriter {
    /// Adds a text.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.write(bytes);
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) {
        self.0.write(&number.to_le_bytes());
    }

    fn finish(self) -> CounterKey {
        CounterKey(self.0.finish128().as_u128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(hash: KeyHash, parts: &[&str]) -> CounterKey {
        hash.key(|key| parts.iter().for_each(|part| key.text(part)))
    }

    #[test]
    fn gateways_with_one_secret_agree_and_others_do_not() {
        let shared = parts(KeyHash::from_secret(b"a secret of the fleet"), &["203.0.113.7"]);
        assert_eq!(shared, parts(KeyHash::from_secret(b"a secret of the fleet"), &["203.0.113.7"]));
        assert_ne!(shared, parts(KeyHash::from_secret(b"another secret"), &["203.0.113.7"]));
        assert_ne!(parts(KeyHash::random(), &["1"]), parts(KeyHash::random(), &["1"]));
    }

    #[test]
    fn keys_stay_the_same_from_version_to_version() {
        let key = KeyHash::from_secret(b"a secret of the fleet").key(|key| {
            key.text("limit");
            key.number(7);
        });
        assert_eq!(format!("{:032x}", key.0), "0b5b01336a7d987dfc447869bcc06f3f");
    }

    #[test]
    fn where_one_part_ends_and_the_next_begins_matters() {
        let hash = KeyHash::random();
        let keys = [parts(hash, &["ab", "c"]), parts(hash, &["a", "bc"]), parts(hash, &["abc"])];
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert_eq!(format!("{:?}", KeyHash::from_secret(b"hunter2")), "KeyHash");
    }
}

//! The ownership ledger: which ids a caller was given.
//!
//! An entry states that a caller was given an id of a kind, until it expires. It is kept as a hash, so that nobody
//! reads a caller's objects out of a store.

use std::fmt::Debug;

use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::millis::Millis;

/// An entry: the first half of the SHA-256 of kind, caller and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LedgerKey(pub u128);

impl LedgerKey {
    /// The entry of a caller and an id of a kind.
    pub fn new(kind: &str, caller: &str, id: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [kind, caller, id] {
            // With its length, so that no two triples read alike.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        LedgerKey(digest.iter().take(16).fold(0, |half, byte| half << 8 | u128::from(*byte)))
    }
}

/// The ids that callers were given.
pub trait Ledger: Send + Sync + Debug {
    /// Inserts entries; one that is there keeps the later expiry. When this returns, every gateway with the same store
    /// finds them.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn insert(&self, entries: Vec<LedgerKey>, expires_at: Millis) -> Answer<'_, ()>;

    /// Whether there is an entry that has not expired.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn contains(&self, entry: LedgerKey, now: Millis) -> Answer<'_, bool>;
}

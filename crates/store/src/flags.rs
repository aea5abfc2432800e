//! Facts that expire soon: an object that was found to be the caller's, a caller who tries many ids.

use std::fmt::Debug;

use crate::answer::Answer;
use crate::ledger::LedgerKey;
use crate::millis::Millis;

/// The name of a fact: a hash of its kind and of what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlagKey(pub u128);

impl FlagKey {
    /// The flag of a kind for a caller, and for one thing of theirs; empty when it is about the caller alone.
    pub fn new(kind: &str, caller: &str, about: &str) -> Self {
        FlagKey(LedgerKey::new(kind, caller, about).0)
    }
}

/// Flags that are up until they expire. Nothing depends on one for long: a backend may lose them.
pub trait Flags: Send + Sync + Debug {
    /// Raises a flag. A flag that is up already keeps the later expiry.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn raise(&self, flag: FlagKey, expires_at: Millis) -> Answer<'_, ()>;

    /// Whether a flag is up.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn is_raised(&self, flag: FlagKey, now: Millis) -> Answer<'_, bool>;
}

//! Where ids that callers were given are remembered.

use std::path::PathBuf;
use std::time::Duration;

/// Where ids are remembered, and how many for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Where.
    pub place: LedgerPlace,
    /// How long an id is remembered.
    pub keep: Duration,
    /// Ids remembered; those that end soonest go first.
    pub max_ids: usize,
}

/// What keeps the ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerPlace {
    /// This process.
    Memory,
    /// A file.
    File(PathBuf),
    /// A Redis or Valkey server.
    Redis(SecretUrl),
    /// A PostgreSQL database.
    Postgres(SecretUrl),
}

/// An address that may hold a password, which nobody prints.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(pub(crate) String);

impl SecretUrl {
    /// The address, for whoever connects.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretUrl")
    }
}

//! The ownership ledger: which ids a caller was given.
//!
//! An entry says that a caller was given an id of a kind, until a time. It is kept as a hash, so that nobody reads a
//! caller's objects out of a store.

use sha2::{Digest, Sha256};

use crate::memory::MemoryLedger;
use crate::postgres::PostgresLedger;
use crate::redis::RedisLedger;
use crate::sqlite::SqliteLedger;
use crate::{Millis, StoreError};

/// An entry: half of the SHA-256 of kind, caller and id.
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
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        LedgerKey(u128::from_be_bytes(half))
    }
}

/// Remembers what callers were given.
pub trait Ledger: Send + Sync {
    /// Remembers entries until a time. When this returns, every gateway with the same store knows them.
    ///
    /// # Errors
    /// When the backend does not answer.
    fn remember(
        &self,
        entries: Vec<LedgerKey>,
        until: Millis,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Whether an entry was remembered and has not ended.
    ///
    /// # Errors
    /// When the backend does not answer.
    fn knows(&self, entry: LedgerKey, now: Millis) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The ledger that a policy asks for.
#[derive(Debug)]
pub enum AnyLedger {
    /// In the memory of this process.
    Memory(MemoryLedger),
    /// In a file, which survives a restart.
    Sqlite(SqliteLedger),
    /// On a Redis or Valkey server, shared by gateways.
    Redis(Box<RedisLedger>),
    /// In a PostgreSQL database, shared by gateways.
    Postgres(Box<PostgresLedger>),
}

impl Ledger for AnyLedger {
    async fn remember(&self, entries: Vec<LedgerKey>, until: Millis) -> Result<(), StoreError> {
        match self {
            AnyLedger::Memory(ledger) => ledger.remember(entries, until).await,
            AnyLedger::Sqlite(ledger) => ledger.remember(entries, until).await,
            AnyLedger::Redis(ledger) => ledger.remember(entries, until).await,
            AnyLedger::Postgres(ledger) => ledger.remember(entries, until).await,
        }
    }

    async fn knows(&self, entry: LedgerKey, now: Millis) -> Result<bool, StoreError> {
        match self {
            AnyLedger::Memory(ledger) => ledger.knows(entry, now).await,
            AnyLedger::Sqlite(ledger) => ledger.knows(entry, now).await,
            AnyLedger::Redis(ledger) => ledger.knows(entry, now).await,
            AnyLedger::Postgres(ledger) => ledger.knows(entry, now).await,
        }
    }
}

//! Shared state behind small traits.
//!
//! Two kinds of state: the counters behind rate limits ([`Counters`]), and the ids that callers were given
//! ([`Ledger`]). The arithmetic of each limit is a pure function in [`limit`]; a backend only has to keep a
//! [`limit::Cell`] per key and change it atomically. [`memory`] serves one process, [`sqlite`] one machine, [`redis`]
//! and [`postgres`] many.

use std::time::{SystemTime, UNIX_EPOCH};

mod ledger;
pub mod limit;
pub mod memory;
pub mod postgres;
pub mod redis;
pub mod sqlite;

pub use ledger::{AnyLedger, Ledger, LedgerKey};
pub use limit::{Algorithm, Outcome, Quota, Ticket};
pub use memory::{MemoryCounters, MemoryLedger};

/// Time as the store sees it: milliseconds since 1970.
pub type Millis = u64;

fn unix_millis() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// A key of a counter: a keyed hash of what the limit counts by, so that nothing personal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CounterKey(pub u128);

/// Counters that many requests change at once.
pub trait Counters: Send + Sync {
    /// Takes `cost` from the quota under a key, if there is that much. The outcome is exact under concurrency.
    ///
    /// # Errors
    /// When the backend does not answer.
    fn take(
        &self,
        key: CounterKey,
        quota: Quota,
        cost: u32,
        now: Millis,
    ) -> impl Future<Output = Result<Outcome, StoreError>> + Send;

    /// Gives back what a ticket took: the exchange turned out not to count.
    ///
    /// # Errors
    /// When the backend does not answer.
    fn give_back(&self, ticket: Ticket, now: Millis) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Why a backend did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// Its address cannot be read.
    #[error("the address of the store cannot be read; it is of the form {0}")]
    Address(&'static str),
}

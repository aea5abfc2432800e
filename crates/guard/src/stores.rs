//! Opens the stores that a policy names: the one place that knows every backend.

use std::sync::Arc;

use policy::{LedgerPlace, Policy};
use store::{KeyHash, Ledger, StoreError, Stores};

use crate::guard::GuardError;

/// Opens the stores that a policy names. State that it names no place for is kept in memory.
///
/// # Errors
/// If one cannot be opened, or this build lacks its backend (features `sqlite`, `redis`, `postgres`).
pub fn open_stores(policy: &Policy) -> Result<Stores, GuardError> {
    let mut stores = Stores::in_memory(policy.rate.max_keys, policy.ownership.ledger.max_ids);
    if let Some(ledger) = ledger(&policy.ownership.ledger)? {
        stores.ledger = ledger;
    }
    if let Some(secret) = &policy.rate.hash_secret {
        stores.key_hash = KeyHash::from_secret(secret.expose_secret());
    }
    Ok(stores)
}

/// The ledger; `None` for the one in memory.
fn ledger(settings: &policy::Ledger) -> Result<Option<Arc<dyn Ledger>>, StoreError> {
    Ok(match &settings.place {
        LedgerPlace::Memory => None,
        #[cfg(feature = "sqlite")]
        LedgerPlace::File(file) => Some(Arc::new(store::sqlite::SqliteLedger::open(file, settings.max_ids)?)),
        #[cfg(feature = "redis")]
        LedgerPlace::Redis(url) => {
            Some(Arc::new(store::redis::RedisLedger::open(url.expose_secret(), settings.max_ids)?))
        }
        #[cfg(feature = "postgres")]
        LedgerPlace::Postgres(url) => {
            Some(Arc::new(store::postgres::PostgresLedger::open(url.expose_secret(), settings.max_ids)?))
        }
        #[cfg(not(feature = "sqlite"))]
        LedgerPlace::File(_) => return Err(StoreError::NotBuilt("sqlite")),
        #[cfg(not(feature = "redis"))]
        LedgerPlace::Redis(_) => return Err(StoreError::NotBuilt("redis")),
        #[cfg(not(feature = "postgres"))]
        LedgerPlace::Postgres(_) => return Err(StoreError::NotBuilt("postgres")),
    })
}

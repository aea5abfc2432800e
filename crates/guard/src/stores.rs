//! Opens the stores that a policy names: the one place that knows every backend.

use std::path::Path;
use std::sync::Arc;

use policy::{Policy, StorePlace};
use store::memory::{MemoryBoard, MemoryCounters};
use store::records::Records;
use store::{Board, Counters, KeyHash, Ledger, StoreError, Stores};

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
    if let Some(shared) = &policy.rate.store {
        stores.counters = counters(shared, policy.rate.max_keys)?;
    } else if let Some(file) = &policy.rate.file {
        let own = policy.rate.hash_secret.is_some().then_some(stores.key_hash);
        let (counters, key_hash) = MemoryCounters::open(policy.rate.max_keys, file, own)?;
        (stores.counters, stores.key_hash) = (Arc::new(counters), key_hash);
    }
    if let Some(shared) = &policy.rate.store {
        stores.board = board(shared)?;
    } else if let Some(file) = &policy.network.bans.file {
        stores.board = Arc::new(MemoryBoard::open(Stores::MAX_POSTS, file)?);
    }
    Ok(stores)
}

/// Opens the store of accounts.
///
/// # Errors
/// If it cannot be opened, or this build lacks its backend (features `sqlite`, `postgres`).
pub fn open_records(place: &StorePlace) -> Result<Arc<dyn Records>, StoreError> {
    match place {
        #[cfg(feature = "sqlite")]
        StorePlace::File(file) => Ok(Arc::new(store::sqlite::SqliteRecords::open(file)?)),
        #[cfg(feature = "postgres")]
        StorePlace::Postgres(url) => {
            Ok(Arc::new(store::postgres::PostgresRecords::open(url.expose_secret())?))
        }
        #[cfg(not(feature = "sqlite"))]
        StorePlace::File(_) => Err(StoreError::NotBuilt("sqlite")),
        #[cfg(not(feature = "postgres"))]
        StorePlace::Postgres(_) => Err(StoreError::NotBuilt("postgres")),
        StorePlace::Memory | StorePlace::Redis(_) => {
            Err(StoreError::Address("postgres://user@host/database, or the name of a file"))
        }
    }
}

/// Writes a copy of the store of accounts to a new file, also while gateways run on it.
///
/// # Errors
/// If the store is no file, or the copy cannot be written.
pub fn backup_records(place: &StorePlace, to: &Path) -> Result<(), StoreError> {
    match place {
        #[cfg(feature = "sqlite")]
        StorePlace::File(file) => store::sqlite::SqliteRecords::open(file)?.backup(to),
        #[cfg(not(feature = "sqlite"))]
        StorePlace::File(_) => Err(StoreError::NotBuilt("sqlite")),
        _ => Err(StoreError::Unavailable(format!(
            "{}: the store is a server; use its own backup (pg_dump)",
            to.display()
        ))),
    }
}

/// Counters that gateways share.
#[cfg(feature = "redis")]
fn counters(shared: &policy::RateStore, max_keys: usize) -> Result<Arc<dyn Counters>, StoreError> {
    use store::redis::{Clock, RedisCounters};
    let counters = RedisCounters::open(shared.url.expose_secret(), max_keys, shared.timeout, Clock::Server)?;
    Ok(Arc::new(counters))
}

#[cfg(not(feature = "redis"))]
fn counters(_: &policy::RateStore, _: usize) -> Result<Arc<dyn Counters>, StoreError> {
    Err(StoreError::NotBuilt("redis"))
}

/// What gateways that count together tell each other.
#[cfg(feature = "redis")]
fn board(shared: &policy::RateStore) -> Result<Arc<dyn Board>, StoreError> {
    Ok(Arc::new(store::redis::RedisBoard::open(shared.url.expose_secret(), Stores::MAX_POSTS)?))
}

#[cfg(not(feature = "redis"))]
fn board(_: &policy::RateStore) -> Result<Arc<dyn Board>, StoreError> {
    Err(StoreError::NotBuilt("redis"))
}

/// The ledger; `None` for the one in memory.
fn ledger(settings: &policy::Ledger) -> Result<Option<Arc<dyn Ledger>>, StoreError> {
    Ok(match &settings.place {
        StorePlace::Memory => None,
        #[cfg(feature = "sqlite")]
        StorePlace::File(file) => Some(Arc::new(store::sqlite::SqliteLedger::open(file, settings.max_ids)?)),
        #[cfg(feature = "redis")]
        StorePlace::Redis(url) => {
            Some(Arc::new(store::redis::RedisLedger::open(url.expose_secret(), settings.max_ids)?))
        }
        #[cfg(feature = "postgres")]
        StorePlace::Postgres(url) => {
            Some(Arc::new(store::postgres::PostgresLedger::open(url.expose_secret(), settings.max_ids)?))
        }
        #[cfg(not(feature = "sqlite"))]
        StorePlace::File(_) => return Err(StoreError::NotBuilt("sqlite")),
        #[cfg(not(feature = "redis"))]
        StorePlace::Redis(_) => return Err(StoreError::NotBuilt("redis")),
        #[cfg(not(feature = "postgres"))]
        StorePlace::Postgres(_) => return Err(StoreError::NotBuilt("postgres")),
    })
}

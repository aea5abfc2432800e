//! Shared state behind small traits, so that the doors do not know where it is kept.
//!
//! There are five kinds of state: the counters behind rate limits ([`Counters`]), the ids that callers were given
//! ([`Ledger`]), facts that expire soon ([`Flags`]), what gateways tell each other ([`Board`]), and records that are kept for
//! good, of users, their sessions and keys ([`records`]). [`Stores`] holds one of each of the first four; the program that
//! starts a gateway makes them once and hands them to the guard. Records go to the user service.
//!
//! The arithmetic of a limit is a pure function of a [`Cell`] and the time. A backend for counters keeps one cell for
//! each key, as a value or as bytes ([`Cell::to_bytes`]), and changes it atomically. [`memory`] serves one process,
//! `sqlite` one machine, `redis` and `postgres` many gateways; the last three are features of this crate. `redis` does the
//! same arithmetic in a script, which a test compares with the cell.
//! One contract suite (`tests/contract.rs`) runs on all of them.
//!
//! Records are read with a version and written with the versions that were read, all or none
//! ([`Records::commit`](records::Records::commit)). They are the only state that must outlive a power cut, so a commit is
//! answered when it is on disk: `sqlite` lets many commits share one flush, `postgres` has a few connections. Each keeps a
//! format number, brings older tables to its own format when it opens them, and refuses newer ones. Redis keeps no records:
//! it may forget what it has answered.
//!
//! ```
//! use store::{Algorithm, OnRefusal, Quota, Stores, Take};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), store::StoreError> {
//! let stores = Stores::in_memory(10_000, 10_000);
//! let quota = Quota { permits: 2, period: 60_000, burst: 2, algorithm: Algorithm::SlidingWindow };
//! let key = stores.key_hash.key(|key| key.text("203.0.113.7"));
//! let take = [Take { key, quota, cost: 1, on_refusal: OnRefusal::Refund }];
//!
//! let now = 1_700_000_000_000;
//! assert_eq!(stores.counters.take_all(&take, now).await?[0].remaining, 1);
//! assert_eq!(stores.counters.take_all(&take, now).await?[0].remaining, 0);
//! let refused = stores.counters.take_all(&take, now).await?[0];
//! assert!(refused.ticket.is_none() && refused.retry_after > 0);
//! # Ok(())
//! # }
//! ```

mod answer;
mod board;
mod cell;
mod counters;
mod error;
mod flags;
mod key_hash;
mod ledger;
pub mod limit;
pub mod memory;
mod millis;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod records;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod stores;

pub use answer::Answer;
pub use board::{Board, Post};
pub use cell::{Cell, CellError};
pub use counters::{Counters, OnRefusal, Take, Tell};
pub use error::StoreError;
pub use flags::{FlagKey, Flags};
pub use key_hash::{CounterKey, KeyHash, KeyWriter};
pub use ledger::{Ledger, LedgerKey};
pub use limit::{Algorithm, LONGEST_PENALTY, Outcome, Quota, Ticket};
pub use millis::{Millis, millis};
pub use stores::Stores;

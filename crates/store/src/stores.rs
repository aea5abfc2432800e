//! One of each store, made in one place and handed to the guard.

use std::sync::Arc;

use crate::board::Board;
use crate::counters::Counters;
use crate::flags::Flags;
use crate::key_hash::KeyHash;
use crate::ledger::Ledger;
use crate::memory::{MemoryBoard, MemoryCounters, MemoryFlags, MemoryLedger};

/// The stores of a guard. Cheap to clone: clones share the same state.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Counters behind limits.
    pub counters: Arc<dyn Counters>,
    /// Ids that callers were given.
    pub ledger: Arc<dyn Ledger>,
    /// Facts that expire soon.
    pub flags: Arc<dyn Flags>,
    /// What gateways tell each other.
    pub board: Arc<dyn Board>,
    /// Makes the keys of counters.
    pub key_hash: KeyHash,
}

impl Stores {
    /// Flags kept in memory.
    const MAX_FLAGS: usize = 100_000;
    /// Posts on a board.
    pub const MAX_POSTS: usize = 100_000;

    /// Stores of this process alone, for about so many counters and ids.
    pub fn in_memory(max_counters: usize, max_ids: usize) -> Self {
        Stores {
            counters: Arc::new(MemoryCounters::new(max_counters)),
            ledger: Arc::new(MemoryLedger::new(max_ids)),
            flags: Arc::new(MemoryFlags::new(Self::MAX_FLAGS)),
            board: Arc::new(MemoryBoard::new(Self::MAX_POSTS)),
            key_hash: KeyHash::random(),
        }
    }
}

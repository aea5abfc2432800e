//! Sets of hashes that expire: the ledger and the flags of one process.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use parking_lot::Mutex;

use super::shards::{KeyHasher, SAMPLE, SHARDS, capacity, shard_of};
use crate::answer::Answer;
use crate::flags::{FlagKey, Flags};
use crate::ledger::{Ledger, LedgerKey};
use crate::millis::Millis;

/// A ledger in memory, bounded: when a shard is full, the entry that expires soonest of a few makes room.
#[derive(Debug)]
pub struct MemoryLedger(ExpiringSet);

impl MemoryLedger {
    /// A ledger for at most about `max_ids` entries.
    pub fn new(max_ids: usize) -> Self {
        MemoryLedger(ExpiringSet::new(max_ids))
    }
}

impl Ledger for MemoryLedger {
    fn insert(&self, entries: Vec<LedgerKey>, expires_at: Millis) -> Answer<'_, ()> {
        entries.into_iter().for_each(|LedgerKey(entry)| self.0.insert(entry, expires_at));
        Answer::now(())
    }

    fn contains(&self, LedgerKey(entry): LedgerKey, now: Millis) -> Answer<'_, bool> {
        Answer::now(self.0.contains(entry, now))
    }
}

/// Flags in memory, bounded as the ledger is.
#[derive(Debug)]
pub struct MemoryFlags(ExpiringSet);

impl MemoryFlags {
    /// At most about `max_flags` of them.
    pub fn new(max_flags: usize) -> Self {
        MemoryFlags(ExpiringSet::new(max_flags))
    }
}

impl Flags for MemoryFlags {
    fn raise(&self, FlagKey(flag): FlagKey, expires_at: Millis) -> Answer<'_, ()> {
        self.0.insert(flag, expires_at);
        Answer::now(())
    }

    fn is_raised(&self, FlagKey(flag): FlagKey, now: Millis) -> Answer<'_, bool> {
        Answer::now(self.0.contains(flag, now))
    }
}

struct ExpiringSet {
    shards: Box<[Mutex<Entries>; SHARDS]>,
    capacity: usize,
}

type Entries = HashMap<u128, Millis, BuildHasherDefault<KeyHasher>>;

impl ExpiringSet {
    fn new(entries: usize) -> Self {
        ExpiringSet {
            shards: Box::new(std::array::from_fn(|_| Mutex::default())),
            capacity: capacity(entries),
        }
    }

    fn insert(&self, entry: u128, expires_at: Millis) {
        let mut shard = shard_of(&self.shards, entry).lock();
        if shard.len() >= self.capacity && !shard.contains_key(&entry) {
            let soonest = shard.iter().take(SAMPLE).min_by_key(|(_, at)| **at).map(|(entry, _)| *entry);
            soonest.and_then(|soonest| shard.remove(&soonest));
        }
        let kept = shard.entry(entry).or_insert(expires_at);
        *kept = expires_at.max(*kept);
    }

    fn contains(&self, entry: u128, now: Millis) -> bool {
        shard_of(&self.shards, entry).lock().get(&entry).is_some_and(|expires_at| *expires_at > now)
    }
}

impl std::fmt::Debug for ExpiringSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ExpiringSet({} entries a shard)", self.capacity)
    }
}

//! State in the memory of one process.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use parking_lot::Mutex;

use crate::ledger::{Ledger, LedgerKey};
use crate::limit::{Cell, Outcome, Quota, Ticket};
use crate::{CounterKey, Counters, Millis, StoreError};

/// Shards, so that workers seldom meet at one lock.
const SHARDS: usize = 64;

/// Counters in memory, bounded: when a shard is full, cells that say nothing any more go first, then the one among
/// a few that ends soonest. An attacker with many addresses can so push out other attackers, but not grow the map.
#[derive(Debug)]
pub struct MemoryCounters {
    shards: Box<[Mutex<Shard>]>,
    capacity: usize,
}

type Shard = HashMap<CounterKey, (Cell, Quota), BuildHasherDefault<KeyHasher>>;

impl MemoryCounters {
    /// Counters for at most about `max_keys` keys.
    pub fn new(max_keys: usize) -> Self {
        MemoryCounters {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            capacity: (max_keys / SHARDS).max(16),
        }
    }

    /// The number of keys held.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Drops every key.
    pub fn clear(&self) {
        for shard in &self.shards {
            shard.lock().clear();
        }
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, key: CounterKey) -> &Mutex<Shard> {
        &self.shards[(key.0 >> 64) as usize % SHARDS]
    }
}

impl Counters for MemoryCounters {
    async fn take(
        &self,
        key: CounterKey,
        quota: Quota,
        cost: u32,
        now: Millis,
    ) -> Result<Outcome, StoreError> {
        let mut shard = self.shard(key).lock();
        if shard.len() >= self.capacity && !shard.contains_key(&key) {
            make_room(&mut shard, now);
        }
        let (cell, kept) = shard.entry(key).or_insert_with(|| (Cell::default(), quota));
        *kept = quota;
        Ok(cell.take(key, quota, cost, now))
    }

    async fn give_back(&self, ticket: Ticket, now: Millis) -> Result<(), StoreError> {
        if let Some((cell, _)) = self.shard(ticket.key).lock().get_mut(&ticket.key) {
            cell.give_back(&ticket, now);
        }
        Ok(())
    }
}

/// A ledger in memory, bounded: when a shard is full, what has ended goes first, then what ends soonest of a few.
#[derive(Debug)]
pub struct MemoryLedger {
    shards: Box<[Mutex<Entries>]>,
    capacity: usize,
}

type Entries = HashMap<u128, Millis, BuildHasherDefault<KeyHasher>>;

impl MemoryLedger {
    /// A ledger for at most about `max_ids` entries.
    pub fn new(max_ids: usize) -> Self {
        MemoryLedger {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            capacity: (max_ids / SHARDS).max(16),
        }
    }
}

impl Ledger for MemoryLedger {
    async fn remember(&self, entries: Vec<LedgerKey>, until: Millis) -> Result<(), StoreError> {
        const SAMPLE: usize = 16;
        for LedgerKey(entry) in entries {
            let mut shard = self.shards[(entry >> 64) as usize % SHARDS].lock();
            if shard.len() >= self.capacity && !shard.contains_key(&entry) {
                let soonest =
                    shard.iter().take(SAMPLE).min_by_key(|(_, until)| **until).map(|(known, _)| *known);
                soonest.and_then(|known| shard.remove(&known));
            }
            let kept = shard.entry(entry).or_insert(until);
            *kept = until.max(*kept);
        }
        Ok(())
    }

    async fn knows(&self, LedgerKey(entry): LedgerKey, now: Millis) -> Result<bool, StoreError> {
        Ok(self.shards[(entry >> 64) as usize % SHARDS].lock().get(&entry).is_some_and(|until| *until > now))
    }
}

/// Drops what has ended; when nothing has, the soonest to end of a few.
fn make_room(shard: &mut Shard, now: Millis) {
    const SAMPLE: usize = 16;
    let before = shard.len();
    let soonest =
        shard.iter().take(SAMPLE).min_by_key(|(_, (cell, quota))| cell.expires(*quota)).map(|(k, _)| *k);
    let Some(soonest) = soonest else { return };
    let ended = shard.get(&soonest).is_some_and(|(cell, quota)| cell.expires(*quota) <= now);
    if ended {
        shard.retain(|_, (cell, quota)| cell.expires(*quota) > now);
    }
    if shard.len() == before {
        shard.remove(&soonest);
    }
}

/// Keys are keyed hashes already.
#[derive(Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::limit::Algorithm;

    const NOW: Millis = 1_700_000_000_000;

    fn take(counters: &MemoryCounters, key: u128, permits: u32) -> bool {
        let quota = Quota { permits, period: 60_000, burst: permits, algorithm: Algorithm::SlidingWindow };
        let future = counters.take(CounterKey(key), quota, 1, NOW);
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            std::task::Poll::Ready(outcome) => outcome.unwrap().ticket.is_some(),
            std::task::Poll::Pending => unreachable!("memory answers at once"),
        }
    }

    #[test]
    fn the_limit_is_exact_under_concurrency() {
        let counters = MemoryCounters::new(1000);
        let granted = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        granted.fetch_add(u32::from(take(&counters, 7, 777)), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(granted.into_inner(), 777);
    }

    #[test]
    fn many_keys_do_not_grow_without_bound() {
        let counters = MemoryCounters::new(6_400);
        for key in 0..100_000u128 {
            take(&counters, key << 64 | key, 5);
        }
        assert!(counters.len() <= 6_400, "{}", counters.len());
    }
}

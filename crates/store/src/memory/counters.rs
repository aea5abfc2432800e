//! Counters of one process.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::shards::{KeyHasher, SAMPLE, SHARDS, capacity, shard_of};
use super::snapshot::{self, Entry};
use crate::answer::Answer;
use crate::cell::Cell;
use crate::counters::{Counters, OnRefusal, Take};
use crate::error::StoreError;
use crate::key_hash::{CounterKey, KeyHash};
use crate::limit::{Algorithm, Outcome, Ticket};
use crate::millis::{Millis, unix_millis};

/// Counters in memory, bounded: when a shard is full, expired cells go first, then the one of a few that expires
/// soonest. An attacker with many addresses can push out other attackers, but not grow the map.
pub struct MemoryCounters {
    shards: Box<[Mutex<Shard>; SHARDS]>,
    capacity: usize,
    /// Where they are written down when the process stops, and the hash that has made their names.
    file: Option<(PathBuf, KeyHash)>,
}

type Shard = HashMap<Halves, Kept, BuildHasherDefault<KeyHasher>>;

/// A key as two halves: one of 128 bits would align, and so pad, every entry to 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Halves(u64, u64);

#[allow(clippy::cast_possible_truncation, reason = "each takes its half")]
impl From<CounterKey> for Halves {
    fn from(CounterKey(key): CounterKey) -> Self {
        Halves((key >> 64) as u64, key as u64)
    }
}

impl std::hash::Hash for Halves {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.1);
    }
}

/// A cell, and when it is as good as a fresh one.
#[derive(Debug)]
struct Kept {
    cell: Cell,
    expires: Millis,
}

impl MemoryCounters {
    /// Counters for at most about `max_keys` keys.
    pub fn new(max_keys: usize) -> Self {
        MemoryCounters {
            shards: Box::new(std::array::from_fn(|_| Mutex::default())),
            capacity: capacity(max_keys),
            file: None,
        }
    }

    /// The same with those of a file, in which they are written down again when the process stops; and the hash that makes their
    /// names: the one that is given, or else the file's. What another hash has named is forgotten.
    ///
    /// # Errors
    /// If the file cannot be read, or is none of this kind.
    pub fn open(max_keys: usize, path: &Path, own: Option<KeyHash>) -> Result<(Self, KeyHash), StoreError> {
        let mut counters = MemoryCounters::new(max_keys);
        let (known, entries) = snapshot::read(path)?.unzip();
        let key_hash = own.or(known).unwrap_or_else(KeyHash::random);
        if known.is_some_and(|known| known.to_key() == key_hash.to_key()) {
            for Entry { name, expires, cell } in entries.into_iter().flatten() {
                let key = CounterKey(name);
                let mut shard = counters.shard(key).lock();
                if shard.len() < counters.capacity {
                    shard.insert(key.into(), Kept { cell, expires });
                }
            }
        }
        counters.file = Some((path.to_owned(), key_hash));
        Ok((counters, key_hash))
    }

    /// The number of keys held.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops every key.
    pub fn clear(&self) {
        self.shards.iter().for_each(|shard| shard.lock().clear());
    }

    fn shard(&self, key: CounterKey) -> &Mutex<Shard> {
        shard_of(&self.shards, key.0)
    }

    fn take(&self, take: &Take, now: Millis) -> Outcome {
        let Take { key, quota, cost, .. } = *take;
        let mut shard = self.shard(key).lock();
        let place = Halves::from(key);
        if let Some(kept) = shard.get_mut(&place) {
            let outcome = kept.cell.take(key, quota, cost, now);
            kept.expires = kept.cell.expires_at(quota);
            return outcome;
        }
        let mut cell = Cell::default();
        let outcome = cell.take(key, quota, cost, now);
        // Whoever only asks for a penalty leaves nothing.
        if quota.algorithm == Algorithm::Penalty && cost == 0 {
            return outcome;
        }
        if shard.len() >= self.capacity {
            make_room(&mut shard, now);
        }
        shard.insert(place, Kept { cell, expires: cell.expires_at(quota) });
        outcome
    }

    fn refund_one(&self, ticket: &Ticket, now: Millis) {
        if let Some(kept) = self.shard(ticket.key).lock().get_mut(&ticket.key.into()) {
            kept.cell.refund(ticket, now);
        }
    }
}

impl Counters for MemoryCounters {
    fn take_all<'a>(&'a self, takes: &'a [Take], now: Millis) -> Answer<'a, Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(takes.len());
        for take in takes {
            let outcome = self.take(take, now);
            outcomes.push(outcome);
            if outcome.ticket.is_none() {
                for (take, outcome) in takes.iter().zip(&outcomes) {
                    if take.on_refusal == OnRefusal::Refund
                        && let Some(ticket) = &outcome.ticket
                    {
                        self.refund_one(ticket, now);
                    }
                }
                break;
            }
        }
        Answer::now(outcomes)
    }

    fn save(&self) -> Result<(), StoreError> {
        let Some((path, key_hash)) = &self.file else { return Ok(()) };
        let now = unix_millis();
        let of_shard = |shard: &Mutex<Shard>| {
            let shard = shard.lock();
            let live = shard.iter().filter(|(_, kept)| kept.expires > now);
            let entry = |(name, kept): (&Halves, &Kept)| Entry {
                name: u128::from(name.0) << 64 | u128::from(name.1),
                expires: kept.expires,
                cell: kept.cell,
            };
            live.map(entry).collect::<Vec<_>>()
        };
        snapshot::write(path, key_hash, self.shards.iter().flat_map(of_shard))
    }

    fn refund<'a>(&'a self, tickets: &'a [Ticket], now: Millis) -> Answer<'a, ()> {
        tickets.iter().for_each(|ticket| self.refund_one(ticket, now));
        Answer::now(())
    }
}

impl std::fmt::Debug for MemoryCounters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MemoryCounters({} keys a shard)", self.capacity)
    }
}

/// Drops expired cells; if there are none, the one of a few that expires soonest.
fn make_room(shard: &mut Shard, now: Millis) {
    let before = shard.len();
    let soonest = shard.iter().take(SAMPLE).min_by_key(|(_, kept)| kept.expires);
    let Some((soonest, expires)) = soonest.map(|(key, kept)| (*key, kept.expires)) else { return };
    if expires <= now {
        shard.retain(|_, kept| kept.expires > now);
    }
    if shard.len() == before {
        shard.remove(&soonest);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::limit::Quota;

    const NOW: Millis = 1_700_000_000_000;

    fn granted(counters: &MemoryCounters, key: u128, permits: u32) -> bool {
        let quota = Quota { permits, period: 60_000, burst: permits, algorithm: Algorithm::SlidingWindow };
        let take = Take { key: CounterKey(key), quota, cost: 1, on_refusal: OnRefusal::Refund };
        counters.take(&take, NOW).ticket.is_some()
    }

    #[test]
    fn the_limit_is_exact_under_concurrency() {
        let counters = MemoryCounters::new(1000);
        let count = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        count.fetch_add(u32::from(granted(&counters, 7, 777)), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(count.into_inner(), 777);
    }

    #[test]
    fn many_keys_do_not_grow_without_bound() {
        let counters = MemoryCounters::new(6_400);
        for key in 0..100_000u128 {
            granted(&counters, key << 64 | key, 5);
        }
        assert!(counters.len() <= 6_400, "{}", counters.len());
    }
}

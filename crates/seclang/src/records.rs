//! Persistent collections: IP, SESSION, USER, GLOBAL and RESOURCE, in memory.
//!
//! A change is applied to the stored record, so that concurrent exchanges do not undo each other's. A record expires
//! when it has not changed for `SecCollectionTimeout`, a variable when `expirevar` says.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::collection::Collection;

const SHARDS: usize = 16;

type Key = (Collection, Vec<u8>);

/// A bounded number of records in memory, shared by all transactions that [`keep_records`].
///
/// [`keep_records`]: crate::Transaction::keep_records
#[derive(Debug)]
pub struct Records {
    shards: [Mutex<HashMap<Key, Record>>; SHARDS],
    hasher: RandomState,
    /// Records per shard.
    capacity: usize,
}

#[derive(Debug)]
struct Record {
    values: BTreeMap<Vec<u8>, Value>,
    expires_at: Instant,
}

#[derive(Debug)]
struct Value {
    text: Vec<u8>,
    changed: Instant,
    expires_at: Option<Instant>,
}

impl Value {
    fn is_live(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|expires_at| expires_at > now)
    }
}

impl Records {
    /// Creates a store for about `capacity` records; the record that expires first is evicted.
    pub fn new(capacity: usize) -> Records {
        let capacity = capacity.div_ceil(SHARDS).max(1);
        Records { shards: Default::default(), hasher: RandomState::new(), capacity }
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, HashMap<Key, Record>> {
        let [first, ..] = &self.shards;
        let number = self.hasher.hash_one(key) % SHARDS as u64;
        let shard = usize::try_from(number).ok().and_then(|number| self.shards.get(number)).unwrap_or(first);
        // A panic leaves no half-made change behind: each is one insertion.
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The variables of a record.
    pub(crate) fn read(&self, key: &Key, now: Instant) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let shard = self.shard(key);
        let Some(record) = shard.get(key).filter(|record| record.expires_at > now) else {
            return BTreeMap::new();
        };
        let live = record.values.iter().filter(|(_, value)| value.is_live(now));
        live.map(|(name, value)| (name.clone(), value.text.clone())).collect()
    }

    /// Changes a variable: `change` gets its value and that value's age, and returns the new value, or `None` to unset it.
    pub(crate) fn change(
        &self,
        key: &Key,
        name: &[u8],
        (now, timeout): (Instant, Duration),
        change: impl FnOnce(Option<(&[u8], Duration)>) -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let mut shard = self.shard(key);
        if !shard.contains_key(key) && shard.len() >= self.capacity {
            shard.retain(|_, record| record.expires_at > now);
            let first = shard.iter().min_by_key(|(_, record)| record.expires_at).map(|(key, _)| key.clone());
            if let Some(first) = first.filter(|_| shard.len() >= self.capacity) {
                shard.remove(&first);
            }
        }
        let expires_at = now + timeout;
        let record =
            shard.entry(key.clone()).or_insert_with(|| Record { values: BTreeMap::new(), expires_at });
        if record.expires_at <= now {
            record.values.clear();
        }
        record.expires_at = expires_at;
        let before = record.values.get(name).filter(|value| value.is_live(now));
        let expires_at = before.and_then(|value| value.expires_at);
        let current = before.map(|value| (value.text.as_slice(), now.duration_since(value.changed)));
        let new = change(current);
        match &new {
            Some(text) => {
                let same = before.filter(|value| value.text == *text);
                let changed = same.map_or(now, |value| value.changed);
                let value = Value { text: text.clone(), changed, expires_at };
                record.values.insert(name.to_vec(), value);
            }
            None => drop(record.values.remove(name)),
        }
        new
    }

    /// Lets a variable expire after a time.
    pub(crate) fn expire(&self, key: &Key, name: &[u8], now: Instant, after: Duration) {
        let mut shard = self.shard(key);
        if let Some(value) = shard.get_mut(key).and_then(|record| record.values.get_mut(name)) {
            value.expires_at = Some(now + after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn key(name: &str) -> Key {
        (Collection::Ip, name.as_bytes().to_vec())
    }

    fn add(records: &Records, name: &str, now: Instant) -> Option<Vec<u8>> {
        records.change(&key(name), b"n", (now, HOUR), |before| {
            let before = before.map_or(0, |(text, _)| crate::operator::number(text));
            Some((before + 1).to_string().into_bytes())
        })
    }

    #[test]
    fn changes_add_up_until_they_expire() {
        let (records, now) = (Records::new(100), Instant::now());
        assert_eq!(add(&records, "a", now).unwrap(), b"1");
        assert_eq!(add(&records, "a", now).unwrap(), b"2");
        records.expire(&key("a"), b"n", now, Duration::from_secs(60));
        assert_eq!(add(&records, "a", now + Duration::from_secs(59)).unwrap(), b"3");
        assert_eq!(add(&records, "a", now + Duration::from_secs(61)).unwrap(), b"1");
        assert_eq!(records.read(&key("a"), now + 3 * HOUR), BTreeMap::new());
        assert_eq!(add(&records, "a", now + 3 * HOUR).unwrap(), b"1");
    }

    #[test]
    fn the_record_that_expires_first_is_evicted() {
        let (records, now) = (Records::new(SHARDS), Instant::now());
        for number in 0..1000u64 {
            add(&records, &number.to_string(), now + Duration::from_millis(number));
        }
        let kept: usize = records.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert_eq!(kept, SHARDS);
        assert!(!records.read(&key("999"), now + Duration::from_secs(2)).is_empty());
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let records = Records::new(100);
        let now = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..500).for_each(|_| drop(add(&records, "a", now))));
            }
        });
        assert_eq!(records.read(&key("a"), now)[&b"n"[..]], b"4000");
    }
}

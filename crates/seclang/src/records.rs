//! Records that outlive an exchange: the collections IP, SESSION, USER, GLOBAL and RESOURCE.
//!
//! A change is made where the record is kept, so that exchanges at the same time do not undo each other's. Records end
//! when nobody changed them for the time that `SecCollectionTimeout` says, variables when `expirevar` says.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::variable::Collection;

const SHARDS: usize = 16;

type Key = (Collection, Vec<u8>);

/// Records in memory, a bounded number of them.
#[derive(Debug)]
pub struct Records {
    shards: [Mutex<HashMap<Key, Record>>; SHARDS],
    hasher: RandomState,
    most: usize,
}

#[derive(Debug)]
struct Record {
    values: BTreeMap<Vec<u8>, Value>,
    until: Instant,
}

#[derive(Debug)]
struct Value {
    text: Vec<u8>,
    changed: Instant,
    until: Option<Instant>,
}

impl Value {
    fn is_there(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

impl Records {
    /// At most so many records; beyond them the one that ends first gives way.
    pub fn new(most: usize) -> Records {
        Records { shards: Default::default(), hasher: RandomState::new(), most: most.div_ceil(SHARDS).max(1) }
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, HashMap<Key, Record>> {
        let number = self.hasher.hash_one(key) as usize % SHARDS;
        // What a panic left behind is whole: each change is one insertion.
        self.shards[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The variables of a record.
    pub(crate) fn read(&self, key: &Key, now: Instant) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let shard = self.shard(key);
        let Some(record) = shard.get(key).filter(|record| record.until > now) else { return BTreeMap::new() };
        let there = record.values.iter().filter(|(_, value)| value.is_there(now));
        there.map(|(name, value)| (name.clone(), value.text.clone())).collect()
    }

    /// Changes a variable: told what it is and how long it has been that, it is what comes back, or gone.
    pub(crate) fn change(
        &self,
        key: &Key,
        name: &[u8],
        (now, timeout): (Instant, Duration),
        change: impl FnOnce(Option<(&[u8], Duration)>) -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let mut shard = self.shard(key);
        if !shard.contains_key(key) && shard.len() >= self.most {
            shard.retain(|_, record| record.until > now);
            let first = shard.iter().min_by_key(|(_, record)| record.until).map(|(key, _)| key.clone());
            if let Some(first) = first.filter(|_| shard.len() >= self.most) {
                shard.remove(&first);
            }
        }
        let until = now + timeout;
        let record = shard.entry(key.clone()).or_insert_with(|| Record { values: BTreeMap::new(), until });
        if record.until <= now {
            record.values.clear();
        }
        record.until = until;
        let before = record.values.get(name).filter(|value| value.is_there(now));
        let kept = before.and_then(|value| value.until);
        let told = before.map(|value| (value.text.as_slice(), now.duration_since(value.changed)));
        let new = change(told);
        match &new {
            Some(text) => {
                let same = before.filter(|value| value.text == *text);
                let changed = same.map_or(now, |value| value.changed);
                let value = Value { text: text.clone(), changed, until: kept };
                record.values.insert(name.to_vec(), value);
            }
            None => drop(record.values.remove(name)),
        }
        new
    }

    /// Has a variable end after a time.
    pub(crate) fn expire(&self, key: &Key, name: &[u8], now: Instant, after: Duration) {
        let mut shard = self.shard(key);
        if let Some(value) = shard.get_mut(key).and_then(|record| record.values.get_mut(name)) {
            value.until = Some(now + after);
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
    fn changes_add_up_until_they_end() {
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
    fn what_ends_first_gives_way() {
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

//! Records in the memory of one process, for tests: they end with it.

use std::collections::BTreeMap;
use std::future::ready;
use std::ops::Bound::{Excluded, Unbounded};

use parking_lot::Mutex;

use crate::answer::Answer;
use crate::error::StoreError;
use crate::millis::Millis;
use crate::records::bounds::{check_after, check_id, check_kind, check_writes};
use crate::records::{Change, Committed, Kind, Record, Records, Write};

/// Records in memory. Its clock is the time that it is given.
#[derive(Debug, Default)]
pub struct MemoryRecords {
    kept: Mutex<Kept>,
}

type Kept = BTreeMap<(Kind, String), Record>;

impl MemoryRecords {
    /// No records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records of a kind with ids behind this one that have not expired, in the order of ids.
    fn select(
        &self,
        kind: Kind,
        after: &str,
        limit: usize,
        now: Millis,
        wanted: impl Fn(&Record) -> bool,
    ) -> Vec<Record> {
        let kept = self.kept.lock();
        kept.range((Excluded((kind, after.to_owned())), Unbounded))
            .take_while(|((found, _), _)| *found == kind)
            .map(|(_, record)| record)
            .filter(|record| is_live(record, now) && wanted(record))
            .take(limit)
            .cloned()
            .collect()
    }
}

impl Records for MemoryRecords {
    fn get(&self, kind: Kind, id: &str, now: Millis) -> Answer<'_, Option<Record>> {
        answer(check_kind(kind).and_then(|()| check_id(id)).map(|()| {
            let kept = self.kept.lock();
            kept.get(&(kind, id.to_owned())).filter(|record| is_live(record, now)).cloned()
        }))
    }

    fn commit(&self, writes: Vec<Write>, now: Millis) -> Answer<'_, Committed> {
        answer(check_writes(&writes).map(|()| commit(&mut self.kept.lock(), writes, now)))
    }

    fn list(&self, kind: Kind, after: &str, limit: usize, now: Millis) -> Answer<'_, Vec<Record>> {
        let checked = check_kind(kind).and_then(|()| check_after(after));
        answer(checked.map(|()| self.select(kind, after, limit, now, |_| true)))
    }

    fn owned(&self, kind: Kind, owner: &str, limit: usize, now: Millis) -> Answer<'_, Vec<Record>> {
        let checked = check_kind(kind).and_then(|()| check_id(owner));
        let is_his = |record: &Record| record.owner.as_deref() == Some(owner);
        answer(checked.map(|()| self.select(kind, "", limit, now, is_his)))
    }

    fn changed(&self, kind: Kind, since: Millis, now: Millis) -> Answer<'_, (Vec<Record>, Millis)> {
        answer(check_kind(kind).map(|()| {
            let mut records = self.select(kind, "", usize::MAX, now, |record| record.changed_at >= since);
            records.sort_by_key(|record| record.changed_at);
            (records, now)
        }))
    }

    fn delete_expired(&self, limit: usize, now: Millis) -> Answer<'_, usize> {
        let mut kept = self.kept.lock();
        let expired: Vec<_> = kept
            .iter()
            .filter(|(_, record)| !is_live(record, now))
            .map(|(key, _)| key.clone())
            .take(limit)
            .collect();
        for key in &expired {
            kept.remove(key);
        }
        Answer::now(expired.len())
    }
}

fn commit(kept: &mut Kept, writes: Vec<Write>, now: Millis) -> Committed {
    let mut changes = Vec::with_capacity(writes.len());
    for Write { kind, id, expected, change } in writes {
        let key = (kind, id);
        let version = kept.get(&key).filter(|record| is_live(record, now)).map(|record| record.version);
        if !expected.is_met(version) {
            return Committed::Conflict;
        }
        changes.push((key, version.unwrap_or(0) + 1, change));
    }
    for (key, version, change) in changes {
        match change {
            Change::Put { owner, expires_at, value } => {
                let id = key.1.clone();
                kept.insert(key, Record { id, version, owner, expires_at, changed_at: now, value });
            }
            Change::Delete => drop(kept.remove(&key)),
        }
    }
    Committed::Done
}

fn is_live(record: &Record, now: Millis) -> bool {
    record.expires_at.is_none_or(|expires_at| expires_at > now)
}

fn answer<'a, T>(answer: Result<T, StoreError>) -> Answer<'a, T> {
    Answer::Ready(ready(answer))
}

//! Stored documents of GraphQL that log somebody in.

use std::collections::{HashMap, VecDeque};

use aws_lc_rs::digest::{SHA256, digest};
use inputs::graphql::Stored;
use inputs::{GraphqlShape, LogInBy};
use parking_lot::Mutex;

/// Stored documents that log somebody in, by their hashes. A request that is made of one says nothing of it but the hash.
#[derive(Debug, Default)]
pub(crate) struct StoredLogIns(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    all: HashMap<Hash, LogIn>,
    /// In the order in which they came.
    order: VecDeque<Hash>,
}

type Hash = [u8; 32];

/// What is known of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogIn {
    /// How often it does.
    pub(crate) log_ins: u32,
    /// How it shows, where the answer tells if it has failed.
    pub(crate) plain: Option<LogInBy>,
}

impl LogIn {
    /// That of a document, if there is one in it.
    pub(crate) fn of(shape: &GraphqlShape) -> Option<LogIn> {
        let log_ins = u32::try_from(shape.log_ins).unwrap_or(u32::MAX);
        (log_ins > 0).then_some(LogIn { log_ins, plain: shape.plain_log_in })
    }

    /// Both of a request: of several, no answer tells.
    pub(crate) fn and(self, other: LogIn) -> LogIn {
        LogIn { log_ins: self.log_ins.saturating_add(other.log_ins), plain: None }
    }
}

impl StoredLogIns {
    /// Documents that are remembered; the oldest goes first. Each has cost its sender a log in.
    const MOST: usize = 100_000;

    /// Remembers what is stored under its hash, if it logs somebody in. The server keeps it under no other.
    pub(crate) fn remember(&self, log_ins: HashMap<Hash, LogIn>) {
        let mut known = self.0.lock();
        for (hash, log_in) in log_ins {
            if known.all.insert(hash, log_in).is_none() {
                known.order.push_back(hash);
            }
            if known.all.len() > Self::MOST
                && let Some(oldest) = known.order.pop_front()
            {
                known.all.remove(&oldest);
            }
        }
    }

    /// What is known of a hash.
    pub(crate) fn find(&self, hash: &Hash) -> Option<LogIn> {
        self.0.lock().all.get(hash).copied()
    }
}

/// Those texts beside hashes that log somebody in, by their own hashes.
pub(crate) fn sent(named: &[Stored]) -> HashMap<Hash, LogIn> {
    let mut all = HashMap::new();
    for document in named.iter().flat_map(|stored| &stored.documents) {
        if let Some(hash) = hash_of(document)
            && !all.contains_key(&hash)
            && let Some(log_in) = GraphqlShape::of_document(document).as_ref().and_then(LogIn::of)
        {
            all.insert(hash, log_in);
        }
    }
    all
}

/// The hash that a request names, where it is not that of a text beside it: that has been counted by itself.
pub(crate) fn names_another(stored: &Stored) -> Option<Hash> {
    let (pairs, []) = stored.hash.as_bytes().as_chunks::<2>() else { return None };
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>()?;
    let named = Hash::try_from(bytes).ok()?;
    let is_beside = stored.documents.iter().any(|text| hash_of(text) == Some(named));
    (!is_beside).then_some(named)
}

fn hash_of(document: &str) -> Option<Hash> {
    digest(&SHA256, document.as_bytes()).as_ref().try_into().ok()
}

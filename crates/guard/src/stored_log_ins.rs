//! Stored documents of GraphQL that log somebody in.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use inputs::GraphqlShape;
use inputs::graphql::Stored;
use parking_lot::Mutex;

/// Stored documents that log somebody in, by their hashes. A request that is made of one says nothing of it but the hash.
#[derive(Debug, Default)]
pub(crate) struct StoredLogIns(Mutex<HashMap<[u8; 32], LogIn>>);

/// What is known of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogIn {
    /// How often it does.
    pub(crate) log_ins: u32,
    /// Whether the answer tells if it has failed.
    pub(crate) is_plain: bool,
}

impl StoredLogIns {
    /// Documents that are remembered. Each has cost its sender a log in.
    const MOST: usize = 100_000;

    /// Remembers a document, if it logs somebody in and its hash is the one that is said: the server keeps no other.
    pub(crate) fn remember(&self, stored: &Stored) {
        let Some(document) = stored.document.as_ref().filter(|_| is_its_document(stored)) else { return };
        let hash = digest(&SHA256, document.as_bytes());
        let shape = GraphqlShape::of_document(document).filter(|shape| shape.log_ins > 0);
        if let (Some(shape), Ok(hash)) = (shape, hash.as_ref().try_into()) {
            let mut known = self.0.lock();
            if known.len() < Self::MOST {
                known.insert(hash, LogIn { log_ins: count(&shape), is_plain: shape.is_plain_log_in });
            }
        }
    }

    /// What is known of a hash.
    pub(crate) fn find(&self, hash: &str) -> Option<LogIn> {
        let (pairs, []) = hash.as_bytes().as_chunks::<2>() else { return None };
        let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>()?;
        self.0.lock().get(&<[u8; 32]>::try_from(bytes).ok()?).copied()
    }
}

/// Whether the text that is sent beside a hash is the document that it names.
pub(crate) fn is_its_document(stored: &Stored) -> bool {
    stored.document.as_ref().is_some_and(|text| hex(digest(&SHA256, text.as_bytes()).as_ref()) == stored.hash)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How often a document logs somebody in.
pub(crate) fn count(shape: &GraphqlShape) -> u32 {
    u32::try_from(shape.log_ins).unwrap_or(u32::MAX)
}

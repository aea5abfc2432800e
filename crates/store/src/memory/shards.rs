//! How entries are spread over shards, by their keys.

use std::hash::Hasher;

/// Shards, so that workers seldom meet at one lock.
pub(super) const SHARDS: usize = 64;

/// Entries that a full shard compares to find the one that expires soonest.
pub(super) const SAMPLE: usize = 16;

/// The shard of a key, from the half of it that the map inside does not use.
#[allow(clippy::indexing_slicing, reason = "a remainder is below the length of the array")]
#[allow(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
pub(super) fn shard_of<S>(shards: &[S; SHARDS], key: u128) -> &S {
    &shards[(key >> 64) as usize % SHARDS]
}

/// Entries in each shard.
pub(super) fn capacity(entries: usize) -> usize {
    (entries / SHARDS).max(16)
}

/// Passes keys on: they are hashes already.
#[derive(Debug, Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn write_u128(&mut self, key: u128) {
        #[allow(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
        let half = key as u64;
        self.0 = half;
    }
}

//! What the operator is told once for each route, because every exchange of the route would repeat it.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// What was told. It belongs to an engine: after a reload, everything is told again.
#[derive(Debug)]
pub(crate) struct Told {
    hasher: RandomState,
    /// A bit for each thing, by its hash. Nothing is lost but an event where two things have one bit.
    bits: Box<[AtomicU64]>,
}

impl Default for Told {
    fn default() -> Self {
        Told { hasher: RandomState::new(), bits: (0..Self::WORDS).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Told {
    /// 16 KiB, for what a policy's routes and an API's headers and cookies can be told of.
    const WORDS: usize = 2048;

    /// Whether this is said of a route for the first time.
    pub(crate) fn is_new(&self, route: &str, rule: &str, what: &str) -> bool {
        let hash = self.hasher.hash_one((route, rule, what));
        let mask = 1 << (hash % 64);
        let place = usize::try_from(hash / 64).unwrap_or_default() % Self::WORDS;
        let Some(word) = self.bits.get(place) else { return false };
        // Nearly always it was told before: then nothing is written, which other threads would have to wait for.
        word.load(Ordering::Relaxed) & mask == 0 && word.fetch_or(mask, Ordering::Relaxed) & mask == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_told_once_for_a_route() {
        let told = Told::default();
        assert!(told.is_new("/a", "removed", "server"));
        assert!(!told.is_new("/a", "removed", "server"));
        let others =
            [("/a", "removed", "x-powered-by"), ("/b", "removed", "server"), ("/a", "replaced", "server")];
        // Two of them may have one bit, by a chance of one in some ten thousand.
        let new = others.iter().filter(|(route, rule, what)| told.is_new(route, rule, what)).count();
        assert!(new >= 2);
        assert!(others.iter().all(|(route, rule, what)| !told.is_new(route, rule, what)));
    }
}

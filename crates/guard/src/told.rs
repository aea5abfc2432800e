//! What the operator is told once for each route, because every exchange of the route would repeat it.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

/// What was told. It belongs to an engine: after a reload, everything is told again.
#[derive(Debug, Default)]
pub(crate) struct Told {
    hasher: RandomState,
    seen: Mutex<HashSet<u64>>,
}

impl Told {
    /// Most things that are remembered. A route can say only so much; the names of cookies come from the API.
    const MOST: usize = 10_000;

    /// Whether this is said of a route for the first time.
    pub(crate) fn is_new(&self, route: &str, what: &str) -> bool {
        let key = self.hasher.hash_one((route, what));
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        seen.len() < Self::MOST && seen.insert(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_told_once_for_a_route() {
        let told = Told::default();
        assert!(told.is_new("/a", "server"));
        assert!(!told.is_new("/a", "server"));
        assert!(told.is_new("/a", "x-powered-by"));
        assert!(told.is_new("/b", "server"));
    }
}

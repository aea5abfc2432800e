//! Descriptors: every connection takes one. The limit is raised as far as the system lets it, and a few are kept for the
//! admin listener, which has to answer also when there are no more.

use std::fs::File;
use std::sync::Arc;

use parking_lot::Mutex;
use rlimit::Resource;

/// The limit of descriptors of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    /// What it was when the gateway started.
    pub before: u64,
    /// What it is now.
    pub now: u64,
}

/// Raises the soft limit to the hard one.
pub(crate) fn raise() -> Descriptors {
    let before = limit();
    if let Ok((_, most)) = Resource::NOFILE.get() {
        // A system that knows no such number keeps the old limit.
        let _ = Resource::NOFILE.set(most, most);
    }
    Descriptors { before, now: limit() }
}

/// The limit now.
pub(crate) fn limit() -> u64 {
    Resource::NOFILE.get().map_or(u64::MAX, |(now, _)| now)
}

/// Half of the descriptors that are not needed otherwise: a client's connection often needs another one, to an upstream.
pub(crate) fn for_clients() -> usize {
    const OTHERWISE: u64 = 128;
    usize::try_from(limit().saturating_sub(OTHERWISE) / 2).unwrap_or(usize::MAX).max(16)
}

/// Descriptors that are kept for when there are no others.
#[derive(Clone)]
pub(crate) struct Reserve(Arc<Mutex<Vec<File>>>);

impl Reserve {
    const KEPT: usize = 8;

    pub(crate) fn new() -> Self {
        let reserve = Reserve(Arc::default());
        reserve.fill();
        reserve
    }

    /// Lets one go, for whoever takes a descriptor next.
    pub(crate) fn release(&self) {
        self.0.lock().pop();
    }

    /// Takes back what was let go, as far as there are descriptors.
    pub(crate) fn fill(&self) {
        let mut kept = self.0.lock();
        while kept.len() < Self::KEPT {
            match File::open("/dev/null") {
                Ok(file) => kept.push(file),
                Err(_) => return,
            }
        }
    }
}

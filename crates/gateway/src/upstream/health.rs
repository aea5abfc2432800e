//! Health of upstreams: passive by the failures of exchanges, active by requests to a health path (`checks`).
//!
//! An upstream with too many consecutive failures is ejected: it is tried last until its ejection time is over.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use policy::HealthConfig;

/// The health of one upstream, shared by all workers.
#[derive(Debug)]
pub(crate) struct Health {
    origin: Instant,
    consecutive_failures: AtomicU32,
    /// Milliseconds after `origin`; 0 while the upstream is not ejected.
    ejected_until: AtomicU64,
    max_failures: u32,
    ejection_time: Duration,
}

impl Health {
    pub(crate) fn new(config: &HealthConfig) -> Self {
        Health {
            origin: Instant::now(),
            consecutive_failures: AtomicU32::new(0),
            ejected_until: AtomicU64::new(0),
            max_failures: config.consecutive_failures.max(1),
            ejection_time: config.ejection_time.0,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        let until = self.ejected_until.load(Ordering::Relaxed);
        until == 0 || self.now() >= until
    }

    pub(crate) fn succeeded(&self) {
        // Read before writing: every request passes here.
        if self.consecutive_failures.load(Ordering::Relaxed) != 0 {
            self.consecutive_failures.store(0, Ordering::Relaxed);
            self.ejected_until.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn failed(&self) {
        if self.consecutive_failures.fetch_add(1, Ordering::Relaxed) + 1 >= self.max_failures {
            self.ejected_until
                .store(self.now().saturating_add(millis(self.ejection_time)), Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        millis(self.origin.elapsed())
    }
}

/// Whole milliseconds of a duration.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

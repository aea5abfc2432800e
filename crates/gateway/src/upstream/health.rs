//! Health of upstreams: passive by the failures of exchanges, active by requests to a health path (`checks`).
//!
//! An upstream with too many consecutive failures is ejected for a time; one that fails its checks is down until it passes
//! them. Either is tried last.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use policy::HealthConfig;

/// The share, in parts of the whole, with which an upstream that is up again begins.
const FIRST_SHARE: f64 = 0.1;

/// The health of one upstream, shared by all workers.
#[derive(Debug)]
pub(crate) struct Health {
    origin: Instant,
    consecutive_failures: AtomicU32,
    /// Milliseconds after `origin`; 0 while the upstream is not ejected. Ejected is also one whose time is over, and that
    /// has not served since.
    ejected_until: AtomicU64,
    /// Whether the last failure was that there was no connection, which no client can bring about.
    is_unreachable: AtomicBool,
    /// Whether it fails its checks.
    is_down: AtomicBool,
    /// Checks in a row that say otherwise than `is_down`.
    contrary_checks: AtomicU32,
    /// Milliseconds after `origin`; 0 for one that was always up.
    up_since: AtomicU64,
    config: HealthConfig,
}

/// What a check has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Up,
    Down,
}

impl Health {
    pub(crate) fn new(config: &HealthConfig) -> Self {
        Health {
            origin: Instant::now(),
            consecutive_failures: AtomicU32::new(0),
            ejected_until: AtomicU64::new(0),
            is_unreachable: AtomicBool::new(false),
            is_down: AtomicBool::new(false),
            contrary_checks: AtomicU32::new(0),
            up_since: AtomicU64::new(0),
            config: config.clone(),
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        let until = self.ejected_until.load(Ordering::Relaxed);
        !self.is_down.load(Ordering::Relaxed) && (until == 0 || self.now() >= until)
    }

    /// Whether it is there, as far as is known: requests that it answers badly do not count, for clients choose them.
    pub(crate) fn is_reachable(&self) -> bool {
        self.is_up() || !(self.is_down.load(Ordering::Relaxed) || self.is_unreachable.load(Ordering::Relaxed))
    }

    /// The part of its share that it gets now, between 0 and 1, if it has become up within `slow_start`.
    pub(super) fn share(&self, slow_start: Duration) -> f64 {
        let ejected_until = self.ejected_until.load(Ordering::Relaxed);
        let since = if ejected_until == 0 { self.up_since.load(Ordering::Relaxed) } else { ejected_until };
        if since == 0 {
            return 1.0;
        }
        let up_for = Duration::from_millis(self.now().saturating_sub(since));
        (up_for.as_secs_f64() / slow_start.as_secs_f64()).clamp(FIRST_SHARE, 1.0)
    }

    pub(crate) fn succeeded(&self) {
        // Read before writing: every request passes here.
        if self.consecutive_failures.load(Ordering::Relaxed) != 0 {
            self.consecutive_failures.store(0, Ordering::Relaxed);
            if self.ejected_until.swap(0, Ordering::Relaxed) != 0 {
                self.up_since.store(self.now(), Ordering::Relaxed);
            }
        }
    }

    /// There is no connection to it.
    pub(crate) fn unreachable(&self) {
        self.is_unreachable.store(true, Ordering::Relaxed);
        self.count_failure();
    }

    /// It was connected to, and did not answer as it should.
    pub(crate) fn failed(&self) {
        self.is_unreachable.store(false, Ordering::Relaxed);
        self.count_failure();
    }

    fn count_failure(&self) {
        let failures = self.consecutive_failures.fetch_add(1, Ordering::Relaxed) + 1;
        if failures >= self.config.consecutive_failures.max(1) {
            let until = self.now().saturating_add(millis(self.config.ejection_time.0));
            self.ejected_until.store(until, Ordering::Relaxed);
        }
    }

    /// Takes note of a check.
    pub(super) fn checked(&self, passed: bool) -> Option<Change> {
        let is_down = self.is_down.load(Ordering::Relaxed);
        if passed != is_down {
            self.contrary_checks.store(0, Ordering::Relaxed);
            return None;
        }
        let limit = if is_down { self.config.healthy_after } else { self.config.unhealthy_after };
        if self.contrary_checks.fetch_add(1, Ordering::Relaxed) + 1 < limit {
            return None;
        }
        self.contrary_checks.store(0, Ordering::Relaxed);
        self.is_down.store(!is_down, Ordering::Relaxed);
        if is_down {
            self.up_since.store(self.now(), Ordering::Relaxed);
        }
        Some(if is_down { Change::Up } else { Change::Down })
    }

    fn now(&self) -> u64 {
        millis(self.origin.elapsed())
    }
}

/// Whole milliseconds of a duration.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_in_a_row_change_the_state_and_others_do_not() {
        let health =
            Health::new(&HealthConfig { unhealthy_after: 2, healthy_after: 3, ..HealthConfig::default() });
        for (passed, change) in [
            (false, None),
            (true, None),
            (false, None),
            (false, Some(Change::Down)),
            (false, None),
            (true, None),
            (true, None),
            (false, None),
            (true, None),
            (true, None),
            (true, Some(Change::Up)),
            (true, None),
        ] {
            assert_eq!(health.checked(passed), change);
        }
        assert!(health.is_up());
    }
}

//! The arithmetic of rate limits, as pure functions of a cell and the time.

use crate::{CounterKey, Millis};

/// How a quota is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Generic cell rate algorithm (ITU-T I.371): a token bucket of `burst`, refilled evenly.
    Gcra,
    /// The current window plus the part of the previous one that the sliding window still covers.
    SlidingWindow,
    /// A counter that starts anew at every multiple of the period.
    FixedWindow,
}

/// So many in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Units per period.
    pub permits: u32,
    /// Milliseconds.
    pub period: Millis,
    /// Units at once; for [`Algorithm::Gcra`] only.
    pub burst: u32,
    /// How it is counted.
    pub algorithm: Algorithm,
}

/// What a request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Whether there was enough; then nothing is owed, and the ticket can give it back.
    pub ticket: Option<Ticket>,
    /// Units left now.
    pub remaining: u32,
    /// Milliseconds until the full quota is there again.
    pub reset: Millis,
    /// Milliseconds until it is worth trying again; zero when there was enough.
    pub retry_after: Millis,
}

/// Proof of what was taken, to give it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// From which counter.
    pub key: CounterKey,
    /// Of which quota.
    pub quota: Quota,
    /// How much.
    pub cost: u32,
    /// When.
    pub taken: Millis,
}

/// What a backend keeps for a key. A fresh cell is all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// GCRA: theoretical arrival time, microseconds. Windows: start of the current window, milliseconds.
    mark: u64,
    current: u32,
    previous: u32,
}

impl Cell {
    /// Takes `cost` units, or says how long to wait.
    pub fn take(&mut self, key: CounterKey, quota: Quota, cost: u32, now: Millis) -> Outcome {
        let (granted, remaining, reset, retry_after) = match quota.algorithm {
            Algorithm::Gcra => self.gcra(quota, cost, now),
            Algorithm::SlidingWindow | Algorithm::FixedWindow => self.window(quota, cost, now),
        };
        let ticket = granted.then_some(Ticket { key, quota, cost, taken: now });
        Outcome { ticket, remaining, reset, retry_after }
    }

    /// Puts back what was taken.
    pub fn give_back(&mut self, ticket: &Ticket, now: Millis) {
        match ticket.quota.algorithm {
            Algorithm::Gcra => {
                self.mark = self.mark.saturating_sub(interval(ticket.quota) * u64::from(ticket.cost));
            }
            Algorithm::SlidingWindow | Algorithm::FixedWindow => {
                self.turn(ticket.quota, now);
                let window = ticket.taken - ticket.taken % ticket.quota.period;
                if window == self.mark {
                    self.current = self.current.saturating_sub(ticket.cost);
                } else if window + ticket.quota.period == self.mark {
                    self.previous = self.previous.saturating_sub(ticket.cost);
                }
            }
        }
    }

    /// When the cell says nothing any more and can be dropped.
    pub fn expires(&self, quota: Quota) -> Millis {
        match quota.algorithm {
            Algorithm::Gcra => self.mark.div_ceil(1000),
            Algorithm::SlidingWindow => self.mark + 2 * quota.period,
            Algorithm::FixedWindow => self.mark + quota.period,
        }
    }

    fn gcra(&mut self, quota: Quota, cost: u32, now: Millis) -> (bool, u32, Millis, Millis) {
        let now = now * 1000;
        let interval = interval(quota);
        let tolerance = interval * u64::from(quota.burst);
        let arrival = self.mark.max(now);
        let next = arrival + interval * u64::from(cost);
        let granted = next <= now + tolerance;
        if granted {
            self.mark = next;
        }
        let owed = self.mark.saturating_sub(now);
        let remaining = u32::try_from(tolerance.saturating_sub(owed) / interval).unwrap_or(u32::MAX);
        let wait = if granted { 0 } else { (next - now - tolerance).div_ceil(1000) };
        (granted, remaining, owed.div_ceil(1000), wait)
    }

    fn window(&mut self, quota: Quota, cost: u32, now: Millis) -> (bool, u32, Millis, Millis) {
        self.turn(quota, now);
        let elapsed = now.saturating_sub(self.mark);
        let left = quota.period - elapsed;
        let weighted = match quota.algorithm {
            Algorithm::SlidingWindow => {
                (u128::from(self.previous) * u128::from(left)).div_ceil(u128::from(quota.period)) as u32
            }
            _ => 0,
        };
        let used = self.current.saturating_add(weighted);
        let granted = used.saturating_add(cost) <= quota.permits;
        if granted {
            self.current += cost;
        }
        let remaining = quota.permits.saturating_sub(used + if granted { cost } else { 0 });
        let wait = match (granted, quota.algorithm) {
            (true, _) => 0,
            // Enough of the previous window has to slide out; when the current one alone is too much, it has to end.
            (false, Algorithm::SlidingWindow) if self.current + cost <= quota.permits => {
                let allowed = u64::from(quota.permits - self.current - cost);
                let still_left = allowed * quota.period / u64::from(self.previous.max(1));
                left.saturating_sub(still_left).max(1)
            }
            _ => left,
        };
        let reset = if weighted > 0 && self.current == 0 { left } else { left + self.tail(quota) };
        (granted, remaining, reset, wait)
    }

    /// How long what was counted in the current window still weighs after it ends.
    fn tail(&self, quota: Quota) -> Millis {
        match quota.algorithm {
            Algorithm::SlidingWindow if self.current > 0 => quota.period,
            _ => 0,
        }
    }

    /// Moves to the window of `now`. A clock that goes backwards stays in the window that was reached.
    fn turn(&mut self, quota: Quota, now: Millis) {
        let start = now - now % quota.period;
        if start <= self.mark {
            return;
        }
        self.previous = if start == self.mark + quota.period { self.current } else { 0 };
        self.current = 0;
        self.mark = start;
    }
}

/// Microseconds between two units.
fn interval(quota: Quota) -> u64 {
    (quota.period * 1000 / u64::from(quota.permits.max(1))).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: CounterKey = CounterKey(1);
    /// A multiple of every period used here.
    const START: Millis = 1_700_000_000_000 - 1_700_000_000_000 % 3_600_000;

    fn quota(permits: u32, period: Millis, burst: u32, algorithm: Algorithm) -> Quota {
        Quota { permits, period, burst, algorithm }
    }

    fn grants(cell: &mut Cell, q: Quota, times: u32, now: Millis) -> u32 {
        (0..times).filter(|_| cell.take(KEY, q, 1, now).ticket.is_some()).count() as u32
    }

    #[test]
    fn exactly_n_pass_and_the_next_is_told_when() {
        for algorithm in [Algorithm::Gcra, Algorithm::SlidingWindow, Algorithm::FixedWindow] {
            let q = quota(5, 60_000, 5, algorithm);
            let mut cell = Cell::default();
            assert_eq!(grants(&mut cell, q, 9, START), 5, "{algorithm:?}");
            let refused = cell.take(KEY, q, 1, START);
            assert_eq!(refused.remaining, 0);
            assert!(refused.retry_after > 0 && refused.retry_after <= 60_000);
        }
    }

    #[test]
    fn waiting_as_told_is_enough() {
        for algorithm in [Algorithm::Gcra, Algorithm::FixedWindow] {
            let q = quota(5, 60_000, 5, algorithm);
            let mut cell = Cell::default();
            grants(&mut cell, q, 5, START);
            let wait = cell.take(KEY, q, 1, START).retry_after;
            assert!(cell.take(KEY, q, 1, START + wait - 1).ticket.is_none());
            assert!(cell.take(KEY, q, 1, START + wait).ticket.is_some(), "{algorithm:?}");
        }
    }

    #[test]
    fn gcra_refills_evenly_up_to_the_burst() {
        let q = quota(10, 1_000, 20, Algorithm::Gcra);
        let mut cell = Cell::default();
        assert_eq!(grants(&mut cell, q, 50, START), 20);
        assert_eq!(grants(&mut cell, q, 50, START + 500), 5);
        assert_eq!(grants(&mut cell, q, 50, START + 3_600_000), 20);
    }

    #[test]
    fn a_sliding_window_has_no_seam() {
        let q = quota(100, 60_000, 100, Algorithm::SlidingWindow);
        let mut cell = Cell::default();
        assert_eq!(grants(&mut cell, q, 200, START + 59_999), 100);
        assert_eq!(grants(&mut cell, q, 200, START + 60_001), 0, "a fixed window would let 100 more through");
        assert_eq!(grants(&mut cell, q, 200, START + 90_000), 50);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        for algorithm in [Algorithm::Gcra, Algorithm::SlidingWindow, Algorithm::FixedWindow] {
            let q = quota(2, 60_000, 2, algorithm);
            let mut cell = Cell::default();
            let first = cell.take(KEY, q, 1, START).ticket.unwrap();
            cell.take(KEY, q, 1, START);
            cell.give_back(&first, START + 10);
            assert_eq!(grants(&mut cell, q, 5, START + 10), 1, "{algorithm:?}");
        }
    }

    #[test]
    fn a_clock_that_goes_back_opens_nothing() {
        for algorithm in [Algorithm::Gcra, Algorithm::SlidingWindow, Algorithm::FixedWindow] {
            let q = quota(2, 60_000, 2, algorithm);
            let mut cell = Cell::default();
            grants(&mut cell, q, 2, START + 60_000);
            assert_eq!(grants(&mut cell, q, 5, START + 59_000), 0, "{algorithm:?}");
        }
    }
}

//! The arithmetic of rate limits: a pure function of a cell, a quota and the time.

use crate::key_hash::CounterKey;
use crate::limit::{Algorithm, LONGEST_PENALTY, Outcome, Quota, Ticket};
use crate::millis::Millis;

/// What a backend keeps for a key. A fresh cell is all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// GCRA: theoretical arrival time, microseconds. Windows: start of the current window, milliseconds. Penalties: the end
    /// of the last one, milliseconds.
    mark: u64,
    current: u32,
    previous: u32,
}

impl Cell {
    /// The number of bytes of a cell.
    pub const BYTES: usize = 17;
    /// The first byte: the layout of the others.
    const VERSION: u8 = 1;

    /// Takes `cost` units, or returns how long to wait.
    pub fn take(&mut self, key: CounterKey, quota: Quota, cost: u32, now: Millis) -> Outcome {
        let (granted, remaining, reset, retry_after) = match quota.algorithm {
            Algorithm::Gcra => self.gcra(quota, cost, now),
            Algorithm::SlidingWindow | Algorithm::FixedWindow => self.window(quota, cost, now),
            Algorithm::Penalty => self.penalty(quota, cost, now),
        };
        let ticket = granted.then_some(Ticket { key, quota, cost, taken: now });
        Outcome { ticket, remaining, reset, retry_after }
    }

    /// Puts back what was taken.
    pub fn refund(&mut self, ticket: &Ticket, now: Millis) {
        match ticket.quota.algorithm {
            Algorithm::Gcra => {
                let owed = interval(ticket.quota).saturating_mul(u64::from(ticket.cost));
                self.mark = self.mark.saturating_sub(owed);
            }
            Algorithm::SlidingWindow | Algorithm::FixedWindow => {
                self.turn(ticket.quota, now);
                let window = window_start(ticket.quota, ticket.taken);
                if window == self.mark {
                    self.current = self.current.saturating_sub(ticket.cost);
                } else if window.saturating_add(period(ticket.quota)) == self.mark {
                    self.previous = self.previous.saturating_sub(ticket.cost);
                }
            }
            Algorithm::Penalty => {}
        }
    }

    /// When the cell is as good as a fresh one and can be dropped.
    pub fn expires_at(&self, quota: Quota) -> Millis {
        match quota.algorithm {
            Algorithm::Gcra => self.mark.div_ceil(1000),
            Algorithm::SlidingWindow => self.mark.saturating_add(period(quota).saturating_mul(2)),
            Algorithm::FixedWindow => self.mark.saturating_add(period(quota)),
            Algorithm::Penalty => self.mark.saturating_add(LONGEST_PENALTY),
        }
    }

    /// The cell for a store that keeps bytes: version, mark, current and previous count, big-endian.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [Self::VERSION; Self::BYTES];
        let fields = self.mark.to_be_bytes().into_iter().chain(self.current.to_be_bytes());
        for (byte, field) in bytes.iter_mut().skip(1).zip(fields.chain(self.previous.to_be_bytes())) {
            *byte = field;
        }
        bytes
    }

    /// Reads what [`Cell::to_bytes`] wrote.
    ///
    /// # Errors
    /// If another version wrote it, or it is damaged. A backend then starts with a fresh cell or fails, as its policy
    /// on errors demands.
    pub fn from_bytes(bytes: &[u8]) -> Result<Cell, CellError> {
        let (version, rest) = bytes.split_first().ok_or(CellError::Length(0))?;
        if *version != Self::VERSION {
            return Err(CellError::Version(*version));
        }
        let length = CellError::Length(bytes.len());
        let (mark, rest) = rest.split_first_chunk().ok_or(length)?;
        let (current, rest) = rest.split_first_chunk().ok_or(length)?;
        let previous = rest.try_into().map_err(|_| length)?;
        Ok(Cell {
            mark: u64::from_be_bytes(*mark),
            current: u32::from_be_bytes(*current),
            previous: u32::from_be_bytes(previous),
        })
    }

    fn gcra(&mut self, quota: Quota, cost: u32, now: Millis) -> (bool, u32, Millis, Millis) {
        let now = now.saturating_mul(1000);
        let interval = interval(quota);
        let tolerance = interval.saturating_mul(u64::from(quota.burst));
        let arrival = self.mark.max(now);
        let next = arrival.saturating_add(interval.saturating_mul(u64::from(cost)));
        let latest = now.saturating_add(tolerance);
        let granted = next <= latest;
        if granted {
            self.mark = next;
        }
        let owed = self.mark.saturating_sub(now);
        let remaining = u32::try_from(tolerance.saturating_sub(owed) / interval).unwrap_or(u32::MAX);
        let wait = if granted { 0 } else { (next - latest).div_ceil(1000) };
        (granted, remaining, owed.div_ceil(1000), wait)
    }

    fn window(&mut self, quota: Quota, cost: u32, now: Millis) -> (bool, u32, Millis, Millis) {
        self.turn(quota, now);
        let period = period(quota);
        // A mark ahead of the clock is a window that has just begun; a mark far behind cannot be left after `turn`.
        let left = period.saturating_sub(now.saturating_sub(self.mark));
        let weighted = match quota.algorithm {
            Algorithm::SlidingWindow => {
                let weighted = (u128::from(self.previous) * u128::from(left)).div_ceil(u128::from(period));
                u32::try_from(weighted).unwrap_or(u32::MAX)
            }
            _ => 0,
        };
        let used = self.current.saturating_add(weighted);
        let granted = used.saturating_add(cost) <= quota.permits;
        if granted {
            self.current = self.current.saturating_add(cost);
        }
        let remaining = quota.permits.saturating_sub(used.saturating_add(if granted { cost } else { 0 }));
        let wait = match (granted, quota.algorithm) {
            (true, _) => 0,
            // Enough of the previous window has to slide out; if the current one alone is too much, it has to end.
            (false, Algorithm::SlidingWindow) if self.current.saturating_add(cost) <= quota.permits => {
                let still_left = weighs_at_most(self.previous, quota.permits - self.current - cost, period);
                left.saturating_sub(still_left).max(1)
            }
            // Its own window weighs on in the next one, and has to slide out of it far enough.
            (false, Algorithm::SlidingWindow) if cost <= quota.permits => {
                let still_left = weighs_at_most(self.current, quota.permits - cost, period);
                left.saturating_add(period.saturating_sub(still_left)).max(1)
            }
            _ => left,
        };
        (granted, remaining, left.max(wait), wait)
    }

    /// Asks for a penalty, or imposes one. What is refused while one is being served does not make it longer.
    fn penalty(&mut self, quota: Quota, cost: u32, now: Millis) -> (bool, u32, Millis, Millis) {
        if cost > 0 && self.mark <= now {
            let is_forgotten = now - self.mark >= LONGEST_PENALTY;
            self.current = if is_forgotten { 1 } else { self.current.saturating_add(1) };
            let longest = LONGEST_PENALTY.max(period(quota));
            let doubled = 2_u64.saturating_pow(self.current - 1).saturating_mul(period(quota));
            self.mark = now.saturating_add(doubled.min(longest));
        }
        let left = self.mark.saturating_sub(now);
        (left == 0, u32::from(left == 0), left, left)
    }

    /// Moves to the window of `now`. A clock that goes backwards stays in the window that was reached.
    fn turn(&mut self, quota: Quota, now: Millis) {
        let start = window_start(quota, now);
        if start <= self.mark {
            return;
        }
        self.previous = if start == self.mark.saturating_add(period(quota)) { self.current } else { 0 };
        self.current = 0;
        self.mark = start;
    }
}

/// Why bytes are not a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CellError {
    /// They are too few or too many.
    #[error("a cell has 17 bytes, not {0}")]
    Length(usize),
    /// They begin with a version that is not known here.
    #[error("unknown version {0} of a cell")]
    Version(u8),
}

/// Milliseconds of a period, at least one.
fn period(quota: Quota) -> Millis {
    quota.period.max(1)
}

fn window_start(quota: Quota, now: Millis) -> Millis {
    now - now % period(quota)
}

/// How much of the window after it may be left, so that a window of so many units weighs no more than this many.
fn weighs_at_most(units: u32, weight: u32, period: Millis) -> Millis {
    u64::from(weight).saturating_mul(period) / u64::from(units.max(1))
}

/// Microseconds between two units.
fn interval(quota: Quota) -> u64 {
    (quota.period.saturating_mul(1000) / u64::from(quota.permits.max(1))).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: CounterKey = CounterKey(1);
    /// A multiple of every period used here.
    const START: Millis = 1_700_000_000_000 - 1_700_000_000_000 % 3_600_000;

    fn quota(permits: u32, period: Millis, burst: u32, algorithm: Algorithm) -> Quota {
        Quota { permits, period, burst, algorithm }
    }

    fn grants(cell: &mut Cell, q: Quota, times: u32, now: Millis) -> u32 {
        (0..times).map(|_| u32::from(cell.take(KEY, q, 1, now).ticket.is_some())).sum()
    }

    #[test]
    fn exactly_n_pass_and_the_next_learns_how_long_to_wait() {
        for algorithm in [Algorithm::Gcra, Algorithm::SlidingWindow, Algorithm::FixedWindow] {
            let q = quota(5, 60_000, 5, algorithm);
            let mut cell = Cell::default();
            assert_eq!(grants(&mut cell, q, 9, START), 5, "{algorithm:?}");
            let refused = cell.take(KEY, q, 1, START);
            assert_eq!(refused.remaining, 0);
            assert!(refused.retry_after > 0 && refused.retry_after <= 120_000);
        }
    }

    #[test]
    fn waiting_for_retry_after_is_enough_and_no_longer_than_it_has_to_be() {
        for algorithm in [Algorithm::Gcra, Algorithm::FixedWindow, Algorithm::SlidingWindow] {
            for (at, again) in [(0, 0), (0, 30_000), (59_999, 59_999), (10_000, 70_000), (10_000, 100_000)] {
                for cost in [1, 3] {
                    let q = quota(5, 60_000, 5, algorithm);
                    let mut cell = Cell::default();
                    grants(&mut cell, q, 9, START + at);
                    grants(&mut cell, q, 9, START + again);
                    let refused = cell.take(KEY, q, cost, START + again);
                    let then = START + again + refused.retry_after;
                    assert!(refused.ticket.is_none() && refused.reset >= refused.retry_after);
                    assert!(
                        cell.clone().take(KEY, q, cost, then - 1).ticket.is_none(),
                        "{algorithm:?} {at} {again}"
                    );
                    assert!(
                        cell.take(KEY, q, cost, then).ticket.is_some(),
                        "{algorithm:?} {at} {again} {cost}"
                    );
                }
            }
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
    fn what_is_refunded_can_be_taken_again() {
        for algorithm in [Algorithm::Gcra, Algorithm::SlidingWindow, Algorithm::FixedWindow] {
            let q = quota(2, 60_000, 2, algorithm);
            let mut cell = Cell::default();
            let first = cell.take(KEY, q, 1, START).ticket.unwrap();
            cell.take(KEY, q, 1, START);
            cell.refund(&first, START + 10);
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

    #[test]
    fn bytes_that_are_no_cell_are_an_error() {
        let bytes = Cell { mark: 1, current: 2, previous: 3 }.to_bytes();
        for (bytes, error) in [
            (&[][..], CellError::Length(0)),
            (&bytes[..16], CellError::Length(16)),
            (&[&bytes[..], &[0]].concat(), CellError::Length(18)),
            (&[2; 17], CellError::Version(2)),
        ] {
            assert_eq!(Cell::from_bytes(bytes), Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn a_penalty_doubles_and_is_forgotten_after_a_day() {
        let q = quota(1, 60_000, 1, Algorithm::Penalty);
        let mut cell = Cell::default();
        let mut now = START;
        for lasts in [60_000, 120_000, 240_000] {
            assert!(cell.take(KEY, q, 0, now).ticket.is_some());
            assert_eq!(cell.take(KEY, q, 1, now).retry_after, lasts);
            assert_eq!(cell.take(KEY, q, 1, now + 1).retry_after, lasts - 1, "it is served, not made longer");
            assert!(cell.take(KEY, q, 0, now + lasts - 1).ticket.is_none());
            now += lasts;
        }
        for _ in 0..40 {
            let lasts = cell.take(KEY, q, 1, now).retry_after;
            assert!(lasts <= LONGEST_PENALTY);
            now += lasts;
        }
        assert_eq!(cell.take(KEY, q, 1, now + LONGEST_PENALTY).retry_after, 60_000);
    }

    /// The same limits as somebody would write them who has a list of everything that was ever granted.
    struct Plain {
        quota: Quota,
        granted: Vec<(Millis, u32)>,
    }

    impl Plain {
        fn take(&mut self, cost: u32, now: Millis) -> bool {
            let Quota { permits, period, burst, algorithm } = self.quota;
            let in_window = |start: Millis| -> u64 {
                let within = self.granted.iter().filter(|(at, _)| at - at % period == start);
                within.map(|(_, cost)| u64::from(*cost)).sum()
            };
            let start = now - now % period;
            let is_granted = match algorithm {
                Algorithm::FixedWindow => in_window(start) + u64::from(cost) <= permits.into(),
                Algorithm::SlidingWindow => {
                    let left = period - now % period;
                    let before = (in_window(start - period) * left).div_ceil(period);
                    in_window(start) + before + u64::from(cost) <= permits.into()
                }
                // A bucket that a unit drips into at every interval, from the beginning of time.
                Algorithm::Gcra => {
                    let interval = (period * 1000 / u64::from(permits)).max(1);
                    let full = interval * u64::from(burst);
                    let (mut level, mut before) = (full, 0);
                    for (at, cost) in &self.granted {
                        level = full.min(level + (at - before) * 1000) - interval * u64::from(*cost);
                        before = *at;
                    }
                    full.min(level + (now - before) * 1000) >= interval * u64::from(cost)
                }
                Algorithm::Penalty => unreachable!("no limit"),
            };
            if is_granted {
                self.granted.push((now, cost));
            }
            is_granted
        }
    }

    fn any_quota() -> impl Strategy<Value = Quota> {
        let algorithm = prop::sample::select(vec![
            Algorithm::Gcra,
            Algorithm::SlidingWindow,
            Algorithm::FixedWindow,
            Algorithm::Penalty,
        ]);
        (any::<u32>(), any::<u64>(), any::<u32>(), algorithm)
            .prop_map(|(permits, period, burst, algorithm)| quota(permits, period, burst, algorithm))
    }

    proptest! {
        /// A day of somebody who asks now and then, and now and then in bursts.
        #[test]
        fn a_day_is_counted_as_a_plain_list_counts_it(
            permits in 1..40_u32,
            period in prop_oneof![Just(1000_u64), Just(60_000), Just(900_000), Just(3_600_000), 1000..100_000_u64],
            burst in 1..60_u32,
            algorithm in prop::sample::select(vec![
                Algorithm::Gcra,
                Algorithm::SlidingWindow,
                Algorithm::FixedWindow,
            ]),
            steps in prop::collection::vec((prop_oneof![3 => 0..50_u64, 2 => 0..5_000_u64, 1 => 0..2_000_000_u64], 1..4_u32), 1..300),
        ) {
            let quota = quota(permits, period, burst, algorithm);
            let (mut cell, mut plain) = (Cell::default(), Plain { quota, granted: Vec::new() });
            let mut now = START;
            for (later, cost) in steps {
                now += later;
                if now >= START + 86_400_000 {
                    break;
                }
                prop_assert_eq!(cell.take(KEY, quota, cost, now).ticket.is_some(), plain.take(cost, now));
            }
        }

        #[test]
        fn a_cell_survives_its_bytes(mark: u64, current: u32, previous: u32) {
            let cell = Cell { mark, current, previous };
            prop_assert_eq!(Cell::from_bytes(&cell.to_bytes()), Ok(cell));
        }

        /// What a store hands back may have been written by anybody.
        #[test]
        fn no_bytes_quota_or_clock_make_it_panic(
            fields: [u8; 16],
            quota in any_quota(),
            cost: u32,
            times in proptest::collection::vec(any::<u64>(), 1..8),
        ) {
            let mut cell = Cell::from_bytes(&[&[1][..], &fields].concat()).unwrap();
            for now in times {
                let outcome = cell.take(KEY, quota, cost, now);
                if let Some(ticket) = outcome.ticket {
                    cell.refund(&ticket, now);
                }
                cell.expires_at(quota);
            }
        }
    }
}

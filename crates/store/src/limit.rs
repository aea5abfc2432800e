//! What a rate limit asks for and what it gets.

use crate::key_hash::CounterKey;
use crate::millis::Millis;

/// Milliseconds: the longest penalty, but for one whose period is longer; and how long one is remembered.
pub const LONGEST_PENALTY: Millis = 24 * 60 * 60 * 1000;

/// How a quota is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Generic cell rate algorithm (ITU-T I.371): a token bucket of `burst`, refilled evenly.
    Gcra,
    /// The current window plus the part of the previous one that the sliding window still covers.
    SlidingWindow,
    /// A counter that starts anew at every multiple of the period.
    FixedWindow,
    /// Nothing is counted but penalties. A take of zero asks whether one is being served, and a take of more imposes one: it
    /// lasts a period, each further one twice as long as the one before, at most [`LONGEST_PENALTY`]. After as long without
    /// one, all are forgotten.
    Penalty,
}

/// How many units are allowed in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Units per period.
    pub permits: u32,
    /// Milliseconds; less than one counts as one.
    pub period: Millis,
    /// Units at once; for [`Algorithm::Gcra`] only.
    pub burst: u32,
    /// How it is counted.
    pub algorithm: Algorithm,
}

/// What a request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// With it the units can be refunded. `None` if there were not enough, and nothing was taken.
    pub ticket: Option<Ticket>,
    /// Units left now.
    pub remaining: u32,
    /// Milliseconds until the full quota is there again.
    pub reset: Millis,
    /// Milliseconds until it is worth trying again; zero when there was enough.
    pub retry_after: Millis,
}

/// Proof of what was taken, to refund it.
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

//! The sinks that take what a guard writes down, one trait for each kind. A sink implements those that it wants; a
//! [`FanOut`](super::FanOut) holds any number of each.

use learn::Observation;

use super::modsecurity::Audit;
use super::{Access, Record};

/// Takes events and notices. Never blocks the caller.
pub trait EventSink: Send + Sync {
    /// Takes a record.
    fn record(&self, record: &Record<'_>);

    /// The number of records that had to be dropped.
    fn dropped(&self) -> u64 {
        0
    }
}

/// Takes a line for each request. Never blocks the caller.
pub trait AccessSink: Send + Sync {
    /// Takes a request that is over.
    fn access(&self, access: &Access<'_>);
}

/// Takes what the rules of a rule set found, in the form of ModSecurity's audit log. Never blocks the caller.
pub trait AuditSink: Send + Sync {
    /// Takes an entry.
    fn audit(&self, entry: &Audit);

    /// The number of entries that had to be dropped.
    fn dropped(&self) -> u64 {
        0
    }
}

/// Takes exchanges with their parsed bodies, to learn from them. If there is one, the guard holds responses to read
/// them.
pub trait Observer: Send + Sync {
    /// Takes an exchange.
    fn observe(&self, observation: &Observation);
}

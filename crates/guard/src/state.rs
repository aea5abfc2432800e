//! What outlives a change of policy: counters, issued ids, records of rules, and where events go.

use std::hash::RandomState;
use std::sync::Arc;

use store::{AnyLedger, MemoryCounters, MemoryLedger};

use crate::events::EventSink;
use crate::events::metrics::Metrics;

/// What outlives a change of policy.
pub(crate) struct State {
    pub(crate) counters: MemoryCounters,
    /// Ids that callers were given.
    pub(crate) ledger: AnyLedger,
    /// Records of a rule set.
    pub(crate) records: seclang::Records,
    /// What was found out a moment ago: objects that were read, callers that count.
    pub(crate) looks: MemoryLedger,
    pub(crate) hash_keys: [RandomState; 2],
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) metrics: Arc<Metrics>,
}

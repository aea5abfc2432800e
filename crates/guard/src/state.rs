//! What outlives a change of policy: counters, issued ids, records of rules, and where events go.

use std::sync::Arc;

use store::Stores;

use crate::events::fan_out::FanOut;
use crate::events::metrics::Metrics;
use crate::held::HeldBytes;

/// What outlives a change of policy.
pub(crate) struct State {
    /// Counters, issued ids and flags.
    pub(crate) stores: Stores,
    /// Records of a rule set.
    #[cfg(feature = "rules")]
    pub(crate) records: seclang::Records,
    /// What exchanges hold.
    pub(crate) held: Arc<HeldBytes>,
    pub(crate) sinks: Arc<FanOut>,
    pub(crate) metrics: Arc<Metrics>,
}

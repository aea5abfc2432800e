//! What outlives a change of policy: counters, issued ids, records of rules, and where events go.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use store::Stores;

use crate::challenge_key::ChallengeKey;
use crate::events::fan_out::FanOut;
use crate::events::metrics::Metrics;
use crate::held::HeldBytes;
use crate::in_flight::InFlight;
use crate::seats::Seats;
use crate::standing::Standing;
#[cfg(feature = "graphql")]
use crate::stored_log_ins::StoredLogIns;

/// What outlives a change of policy.
pub(crate) struct State {
    /// Counters, issued ids and flags.
    pub(crate) stores: Stores,
    /// Bans, lists that are fetched, crawlers, attacks.
    pub(crate) standing: Standing,
    /// Requests that are under way, and how many there may be where the policy does not say it; 0 for any number.
    pub(crate) in_flight: Arc<InFlight>,
    /// Stored documents of GraphQL that log somebody in.
    #[cfg(feature = "graphql")]
    pub(crate) stored_log_ins: Arc<StoredLogIns>,
    /// The seats of limits on what is under way at the same time.
    pub(crate) seats: Arc<Seats>,
    pub(crate) most_requests: AtomicUsize,
    /// The key of challenges.
    pub(crate) challenge_key: ChallengeKey,
    /// Records of a rule set.
    #[cfg(feature = "rules")]
    pub(crate) records: seclang::Records,
    /// What exchanges hold.
    pub(crate) held: Arc<HeldBytes>,
    pub(crate) sinks: Arc<FanOut>,
    pub(crate) metrics: Arc<Metrics>,
}

//! When a limit counts a request, and whose none does.

use policy::Limit;

use crate::decision::ruling::Ruling;
use crate::exchange::Exchange;

/// What has to be known of a request before a limit can count it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Address,
    Identity,
    Body,
}

impl Stage {
    pub(super) fn has(self, limit: &Limit) -> bool {
        let stage = match (limit.needs_body(), limit.needs_principal()) {
            (true, _) => Stage::Body,
            (false, true) => Stage::Identity,
            (false, false) => Stage::Address,
        };
        stage == self
    }
}

/// Whether no limit counts the client.
pub(super) fn is_exempt(x: &Exchange<'_>, ruling: Ruling<'_>) -> bool {
    ruling.engine.policy.rate.exempt.find(x.client).is_some()
}

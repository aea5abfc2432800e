//! Callers that try many ids which are not theirs.
//!
//! One foreign id is a mistake; thirty different ones in five minutes are somebody who counts. Each id counts once:
//! a counter that admits one per window says whether it is new, another how many new ones there were.

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use policy::EnumerationAction;
use store::{Algorithm, FlagKey, OnRefusal, Quota, Take, millis};

use super::compares;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::doors::{Door, Step};
use crate::events::Verdict;
use crate::exchange::Exchange;
use crate::network::network;

/// The part of the ownership door that counts refused ids.
pub(crate) struct Enumeration;

impl Door for Enumeration {
    fn id(&self) -> DoorId {
        policy::BuiltInDoor::Ownership.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        let throttles = ruling.engine.policy.ownership.enumeration.then == EnumerationAction::Throttle;
        if throttles && compares(x.route) { Step::later(admit(ruling, x)) } else { Step::PASS }
    }

    fn finish<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        status: StatusCode,
        _: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        let denied = status == StatusCode::FORBIDDEN || status == StatusCode::NOT_FOUND;
        if denied && (!x.parameters.is_empty() || compares(x.route)) {
            Step::later(count(ruling, x))
        } else {
            Step::Now(())
        }
    }
}

/// Refuses a caller who was seen counting.
async fn admit(ruling: Ruling<'_>, x: &Exchange<'_>) -> Decision {
    let raised = ruling.state.stores.flags.is_raised(flag(x), x.unix_millis()).await.unwrap_or(false);
    if !raised {
        return Decision::Pass;
    }
    let seconds = ruling.engine.policy.ownership.enumeration.window.0.as_secs().max(1);
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "enumeration", "was seen trying many ids");
    Decision::Refuse(refusal.header(RETRY_AFTER, seconds.into()))
}

/// Counts an answer that says "not yours" or "not there".
async fn count(ruling: Ruling<'_>, x: &Exchange<'_>) {
    let policy = &ruling.engine.policy.ownership.enumeration;
    let period = millis(policy.window.0);
    let (stores, now) = (&ruling.state.stores, x.unix_millis());
    let (caller, target) = (caller(x), x.target.normal());
    let take = |id: &str, permits| {
        let parts = ["enumeration", caller.as_str(), id];
        let key = stores.key_hash.key(|key| parts.into_iter().for_each(|part| key.text(part)));
        let quota = Quota { permits, period, burst: permits, algorithm: Algorithm::FixedWindow };
        Take { key, quota, cost: 1, on_refusal: OnRefusal::Keep }
    };
    // A store that does not answer counts nothing.
    let takes = [take(&target, 1), take("", policy.ids)];
    let Ok(outcomes) = stores.counters.take_all(&takes, now).await else { return };
    // The first counter refuses an id that is not new; the second counts new ones, and refuses when there are too many.
    if !matches!(outcomes[..], [new, too_many] if new.ticket.is_some() && too_many.ticket.is_none()) {
        return;
    }
    // Reported once per window.
    if !stores.flags.is_raised(flag(x), now).await.unwrap_or(false) {
        let _ = stores.flags.raise(flag(x), now + period).await;
        let evidence = format!("more than {} different ids in {}", policy.ids, policy.window);
        ruling.note(
            x,
            policy::BuiltInDoor::Ownership.name(),
            "enumeration",
            Verdict::Reported,
            None,
            &evidence.into(),
        );
    }
}

/// The key that tries are counted under: the subject, or the client's network.
fn caller(x: &Exchange<'_>) -> String {
    x.subject().map_or_else(|| format!("net {}", network(x.client)), |subject| format!("sub {subject}"))
}

fn flag(x: &Exchange<'_>) -> FlagKey {
    FlagKey::new("enumeration", &caller(x), "")
}

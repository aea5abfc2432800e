//! Callers that try many ids which are not theirs.
//!
//! One foreign id is a mistake; thirty different ones in five minutes are somebody who counts. Each id counts once:
//! a counter that admits one per window says whether it is new, another how many new ones there were.

use std::hash::{BuildHasher, Hash, Hasher};

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use policy::config::EnumerationAction;
use store::{Algorithm, CounterKey, Counters, Ledger, LedgerKey, Quota};

use super::compares;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::doors::{Door, Step};
use crate::events::Verdict;
use crate::exchange::Exchange;

/// The part of the ownership door that counts refused ids.
pub(crate) struct Enumeration;

impl Door for Enumeration {
    fn id(&self) -> DoorId {
        policy::Door::Ownership.into()
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        let throttles = ruling.engine.policy.enumeration.then == EnumerationAction::Throttle;
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
    let known = ruling.state.looks.knows(flag(x), x.unix_millis()).await.unwrap_or(false);
    if !known {
        return Decision::Pass;
    }
    let seconds = ruling.engine.policy.enumeration.window.0.as_secs().max(1);
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "enumeration", "was seen trying many ids");
    Decision::Refuse(refusal.header(RETRY_AFTER, seconds.into()))
}

/// Counts an answer that says "not yours" or "not there".
async fn count(ruling: Ruling<'_>, x: &Exchange<'_>) {
    let policy = &ruling.engine.policy.enumeration;
    let period = policy.window.0.as_millis() as u64;
    let quota = |permits| Quota { permits, period, burst: permits, algorithm: Algorithm::FixedWindow };
    let (state, now) = (ruling.state, x.unix_millis());
    let key = |id: &str| {
        let mut halves = [state.hash_keys[0].build_hasher(), state.hash_keys[1].build_hasher()];
        for hasher in &mut halves {
            ("enumeration", caller(x), id).hash(hasher);
        }
        CounterKey(u128::from(halves[0].finish()) << 64 | u128::from(halves[1].finish()))
    };
    let took = async |key, permits| {
        // Memory does not fail; a store that cannot be reached counts nothing.
        state.counters.take(key, quota(permits), 1, now).await.is_ok_and(|outcome| outcome.ticket.is_some())
    };
    let target = x.target.path_and_query();
    if !took(key(&target), 1).await || took(key(""), policy.ids).await {
        return;
    }
    // Said once in a window.
    if !state.looks.knows(flag(x), now).await.unwrap_or(false) {
        let _ = state.looks.remember(vec![flag(x)], now + period).await;
        let evidence = format!("more than {} different ids in {}", policy.ids, policy.window);
        ruling.note(x, policy::Door::Ownership.name(), "enumeration", Verdict::Reported, None, &evidence);
    }
}

/// Who counts: the subject, or the address of whoever has none.
fn caller(x: &Exchange<'_>) -> String {
    x.subject().map_or_else(|| x.client.to_string(), |subject| format!("sub {subject}"))
}

fn flag(x: &Exchange<'_>) -> LedgerKey {
    LedgerKey::new("enumeration", &caller(x), "")
}

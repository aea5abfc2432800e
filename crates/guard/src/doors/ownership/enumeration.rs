//! Callers that try many ids which are not theirs.
//!
//! One foreign id is a mistake; thirty different ones in five minutes are somebody who counts. Each id counts once:
//! a counter that admits one per window says whether it is new, another how many new ones there were.

use std::hash::{BuildHasher, Hash, Hasher};

use http::StatusCode;
use http::header::RETRY_AFTER;
use policy::Door;
use policy::config::EnumerationAction;
use store::{Algorithm, CounterKey, Counters, Ledger, LedgerKey, Quota};

use crate::decision::ruling::{Ruling, on};
use crate::decision::{Decision, Refusal};
use crate::doors::ownership::compares;
use crate::events::Verdict;
use crate::exchange::Exchange;

/// Refuses a caller who was seen counting, where the policy says so.
pub(crate) async fn admit(ruling: Ruling<'_>, x: &Exchange<'_>) -> Decision {
    let policy = &ruling.engine.policy.enumeration;
    if policy.then != EnumerationAction::Throttle || !compares(x.route) {
        return Decision::Pass;
    }
    let known = ruling.state.looks.knows(flag(x), x.unix_millis()).await.unwrap_or(false);
    if !known {
        return Decision::Pass;
    }
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "enumeration", "was seen trying many ids");
    Decision::Refuse(refusal.header(RETRY_AFTER, policy.window.0.as_secs().max(1).into()))
}

/// Counts an answer that says "not yours" or "not there".
pub(crate) async fn settle(ruling: Ruling<'_>, x: &Exchange<'_>, status: StatusCode) {
    let denied = status == StatusCode::FORBIDDEN || status == StatusCode::NOT_FOUND;
    if !denied || !on(x, Door::Ownership) || (x.parameters.is_empty() && !compares(x.route)) {
        return;
    }
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
        ruling.note(x, Door::Ownership.name(), "enumeration", Verdict::Reported, None, &evidence);
    }
}

/// Who counts: the subject, or the address of whoever has none.
fn caller(x: &Exchange<'_>) -> String {
    x.subject().map_or_else(|| x.client.to_string(), |subject| format!("sub {subject}"))
}

fn flag(x: &Exchange<'_>) -> LedgerKey {
    LedgerKey::new("enumeration", &caller(x), "")
}

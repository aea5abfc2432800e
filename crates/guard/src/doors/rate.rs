//! Rate: "I can try 10,000 passwords a second." ([guide §4])
//!
//! Several limits hold at once and the strictest wins. A limit that counts failures takes before the request and
//! gives back when it turns out well, so that it holds exactly even when all tries come at the same moment.
//!
//! [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;

use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use policy::{CountedOutcome, Limit, LimitAlgorithm, LimitKey};
use store::{Algorithm, CounterKey, Counters, Outcome, Quota, Ticket};

use super::{Door, Step};
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::decision::{Decision, Refusal};
use crate::exchange::{Exchange, RateLimitStatus};
use crate::state::State;

/// The limits that need nothing but the head.
pub(crate) struct ByAddress;

/// The limits that need to know who the caller is.
pub(crate) struct ByIdentity;

impl Door for ByAddress {
    fn id(&self) -> DoorId {
        policy::Door::Rate.into()
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit(ruling, x, Stage::Address)
    }

    fn finish<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        status: StatusCode,
        headers: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        if enforced(x, policy::Door::Rate) {
            release(x, headers);
        }
        let tickets = std::mem::take(&mut x.tickets);
        if tickets.is_empty() || status.is_client_error() {
            return Step::Now(());
        }
        Step::later(async move {
            for ticket in tickets {
                // Memory does not fail; a store that cannot be reached keeps the stricter count.
                let _ = ruling.state.counters.give_back(ticket, x.unix_millis()).await;
            }
        })
    }
}

impl Door for ByIdentity {
    fn id(&self) -> DoorId {
        policy::Door::Rate.into()
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit(ruling, x, Stage::Identity)
    }
}

/// Tells the client how it stands (draft-ietf-httpapi-ratelimit-headers, and the older names).
fn release(x: &Exchange<'_>, headers: &mut HeaderMap) {
    let Some(RateLimitStatus { quota, outcome }) = x.quota else { return };
    let reset = outcome.reset.div_ceil(1000);
    let window = quota.period / 1000;
    let mut set =
        |name: &'static str, value: HeaderValue| headers.insert(HeaderName::from_static(name), value);
    set("x-ratelimit-limit", quota.permits.into());
    set("x-ratelimit-remaining", outcome.remaining.into());
    set("x-ratelimit-reset", reset.into());
    let policy = format!("\"default\";q={};w={window}", quota.permits);
    let standing = format!("\"default\";r={};t={reset}", outcome.remaining);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", standing)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            set(name, value);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Address,
    Identity,
}

impl Stage {
    fn has(self, limit: &Limit) -> bool {
        limit.needs_principal() == (self == Stage::Identity)
    }
}

fn admit<'a, 'e>(ruling: Ruling<'e>, x: &'a mut Exchange<'e>, stage: Stage) -> Step<'a> {
    if x.route.limits.iter().any(|limit| stage.has(limit)) {
        Step::later(take(x, ruling.state, stage))
    } else {
        Step::PASS
    }
}

async fn take(x: &mut Exchange<'_>, state: &State, stage: Stage) -> Decision {
    let now = x.unix_millis();
    let mut taken: Vec<Ticket> = Vec::new();
    for limit in x.route.limits.iter().filter(|limit| stage.has(limit)) {
        let Some(key) = key(x, limit, state) else { continue };
        let quota = quota(limit);
        let outcome = match state.counters.take(key, quota, 1, now).await {
            Ok(outcome) => outcome,
            Err(error) => {
                let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "store", error.to_string());
                return Decision::Refuse(refusal);
            }
        };
        let standing = RateLimitStatus { quota, outcome };
        let Some(ticket) = outcome.ticket else {
            for ticket in taken {
                let _ = state.counters.give_back(ticket, now).await;
            }
            x.tickets.clear();
            x.quota = Some(standing);
            return refuse(limit, &outcome);
        };
        match limit.counting {
            CountedOutcome::All => taken.push(ticket),
            CountedOutcome::Failures => x.tickets.push(ticket),
        }
        if x.quota.is_none_or(|q| outcome.remaining < q.outcome.remaining) {
            x.quota = Some(standing);
        }
    }
    Decision::Pass
}

fn refuse(limit: &Limit, outcome: &Outcome) -> Decision {
    let seconds = outcome.retry_after.div_ceil(1000).max(1);
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "limit", limit.to_string());
    Decision::Refuse(refusal.header(RETRY_AFTER, seconds.into()))
}

/// The counter of a limit for this exchange: a keyed hash. `None` when what it counts by is not there.
fn key(x: &Exchange<'_>, limit: &Limit, state: &State) -> Option<CounterKey> {
    let mut halves = [state.hash_keys[0].build_hasher(), state.hash_keys[1].build_hasher()];
    for hasher in &mut halves {
        limit.hash(hasher);
        for part in &limit.keys {
            match part {
                LimitKey::Ip => network(x.client).hash(hasher),
                LimitKey::User => x.subject()?.hash(hasher),
                LimitKey::Header(name) => x.headers.get(name)?.as_bytes().hash(hasher),
                LimitKey::Claim(name) => x.principal.as_deref()?.claim(name)?.to_string().hash(hasher),
                LimitKey::Route => x.route.name.hash(hasher),
                LimitKey::Global => {}
            }
        }
    }
    Some(CounterKey(u128::from(halves[0].finish()) << 64 | u128::from(halves[1].finish())))
}

/// An IPv6 customer has a /64; counting single addresses would give each one 2^64 tries.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6) >> 64 << 64,
    }
}

fn quota(limit: &Limit) -> Quota {
    Quota {
        permits: limit.permits,
        period: limit.period.as_millis() as u64,
        burst: limit.burst,
        algorithm: match limit.algorithm {
            LimitAlgorithm::Gcra => Algorithm::Gcra,
            LimitAlgorithm::SlidingWindow => Algorithm::SlidingWindow,
            LimitAlgorithm::FixedWindow => Algorithm::FixedWindow,
        },
    }
}

//! Rate: "I can try 10,000 passwords a second." ([guide §4])
//!
//! Several limits hold at once and the strictest wins. A limit that counts failures takes before the request and
//! refunds after a success, so that it holds exactly even if all tries come at the same moment.
//!
//! [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting

use std::net::IpAddr;

use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use policy::{CountedOutcome, Limit, LimitAlgorithm, LimitKey};
use store::{Algorithm, CounterKey, KeyWriter, OnRefusal, Outcome, Quota, Take, millis};

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
        policy::BuiltInDoor::Rate.into()
    }

    fn judges_by_route(&self) -> bool {
        true
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
        if enforced(x, policy::BuiltInDoor::Rate) {
            release(x, headers);
        }
        let tickets = std::mem::take(&mut x.tickets);
        if tickets.is_empty() || status.is_client_error() {
            return Step::Now(());
        }
        Step::later(async move {
            // If the store does not answer, the stricter count stays.
            let _ = ruling.state.stores.counters.refund(&tickets, x.unix_millis()).await;
        })
    }
}

impl Door for ByIdentity {
    fn id(&self) -> DoorId {
        policy::BuiltInDoor::Rate.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit(ruling, x, Stage::Identity)
    }
}

/// Tells the client its rate limit status (draft-ietf-httpapi-ratelimit-headers, and the older names).
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
    let status = format!("\"default\";r={};t={reset}", outcome.remaining);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", status)] {
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
    if x.route.rate.limits.iter().any(|limit| stage.has(limit)) {
        Step::later(take(x, ruling.state, stage))
    } else {
        Step::PASS
    }
}

async fn take(x: &mut Exchange<'_>, state: &State, stage: Stage) -> Decision {
    let now = x.unix_millis();
    // What the request as it came was counted by is not counted again by another reading of it.
    let is_counted = |limit: &Limit| {
        x.as_it_came().is_some_and(|reading| reading.route.rate.limits.iter().any(|known| **known == *limit))
            && !limit.keys.contains(&LimitKey::Route)
    };
    let limits = x.route.rate.limits.iter().filter(|limit| stage.has(limit) && !is_counted(limit));
    let (mut counted, mut takes) = (Vec::new(), Vec::new());
    for limit in limits {
        let Some(key) = key(x, limit, state) else { continue };
        let on_refusal = match limit.counting {
            CountedOutcome::All => OnRefusal::Refund,
            CountedOutcome::Failures => OnRefusal::Keep,
        };
        takes.push(Take { key, quota: quota(limit), cost: 1, on_refusal });
        counted.push(limit);
    }
    if takes.is_empty() {
        return Decision::Pass;
    }
    let outcomes = match state.stores.counters.take_all(&takes, now).await {
        Ok(outcomes) => outcomes,
        Err(error) => {
            let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "store", error.to_string());
            return Decision::Refuse(refusal);
        }
    };
    for ((limit, take), outcome) in counted.into_iter().zip(takes).zip(outcomes) {
        let status = RateLimitStatus { quota: take.quota, outcome };
        let Some(ticket) = outcome.ticket else {
            x.tickets.clear();
            x.quota = Some(status);
            return refuse(limit, &outcome);
        };
        if limit.counting == CountedOutcome::Failures {
            x.tickets.push(ticket);
        }
        if x.quota.is_none_or(|q| outcome.remaining < q.outcome.remaining) {
            x.quota = Some(status);
        }
    }
    Decision::Pass
}

fn refuse(limit: &Limit, outcome: &Outcome) -> Decision {
    let seconds = outcome.retry_after.div_ceil(1000).max(1);
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "limit", limit.to_string());
    Decision::Refuse(refusal.header(RETRY_AFTER, seconds.into()))
}

/// The counter of a limit for this exchange; `None` if what it counts by is not there.
fn key(x: &Exchange<'_>, limit: &Limit, state: &State) -> Option<CounterKey> {
    state.stores.key_hash.try_key(|key| {
        write_limit(key, limit);
        for part in &limit.keys {
            match part {
                LimitKey::Ip => key.bytes(&network(x.client).to_be_bytes()),
                LimitKey::User => key.text(x.subject()?),
                LimitKey::Header(name) => key.bytes(x.headers.get(name)?.as_bytes()),
                LimitKey::Claim(name) => key.text(&x.principal.as_deref()?.claim(name)?.to_string()),
                LimitKey::Route => key.text(&x.route.name),
                LimitKey::Global => {}
            }
        }
        Some(())
    })
}

/// Every part of a limit, so that two limits never share a counter. The numbers are part of the keys that gateways share:
/// they stay as they are.
fn write_limit(key: &mut KeyWriter, limit: &Limit) {
    let Limit { permits, period, burst, algorithm, keys, counting } = limit;
    key.text("limit");
    key.number((*permits).into());
    key.number(u64::try_from(period.as_nanos()).unwrap_or(u64::MAX));
    key.number((*burst).into());
    key.number(match algorithm {
        LimitAlgorithm::Gcra => 1,
        LimitAlgorithm::SlidingWindow => 2,
        LimitAlgorithm::FixedWindow => 3,
    });
    key.number(match counting {
        CountedOutcome::All => 1,
        CountedOutcome::Failures => 2,
    });
    key.number(keys.len() as u64);
    for part in keys {
        let (kind, name) = match part {
            LimitKey::Ip => (1, ""),
            LimitKey::User => (2, ""),
            LimitKey::Header(name) => (3, name.as_str()),
            LimitKey::Claim(name) => (4, name.as_str()),
            LimitKey::Route => (5, ""),
            LimitKey::Global => (6, ""),
        };
        key.number(kind);
        key.text(name);
    }
}

/// An IPv6 customer has a /64; counting single addresses would give each one 2^64 tries.
pub(crate) fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6) >> 64 << 64,
    }
}

fn quota(limit: &Limit) -> Quota {
    Quota {
        permits: limit.permits,
        period: millis(limit.period),
        burst: limit.burst,
        algorithm: match limit.algorithm {
            LimitAlgorithm::Gcra => Algorithm::Gcra,
            LimitAlgorithm::SlidingWindow => Algorithm::SlidingWindow,
            LimitAlgorithm::FixedWindow => Algorithm::FixedWindow,
        },
    }
}

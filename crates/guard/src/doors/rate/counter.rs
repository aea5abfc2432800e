//! The counter of a limit: its name for a request, and what is taken from it.

use http::header::COOKIE;
use policy::{Cost, CountedOutcome, Limit, LimitAlgorithm, LimitKey};
use store::{Algorithm, CounterKey, KeyWriter, OnRefusal, Quota, Take, millis};

use crate::exchange::Exchange;
use crate::network::network;
use crate::state::State;

/// Whose counter it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whose<'a> {
    /// The API key whose own limit it is.
    pub(super) key_id: Option<&'a str>,
    /// The value of the body that the limit counts by, where it does.
    pub(super) in_body: &'a str,
}

/// What a limit takes from a counter.
pub(super) fn of_limit(limit: &Limit, key: CounterKey, cost: u32) -> Take {
    let on_refusal = match limit.counting {
        CountedOutcome::All | CountedOutcome::Successes => OnRefusal::Refund,
        CountedOutcome::Failures => OnRefusal::Keep,
    };
    Take { key, quota: quota(limit), cost, on_refusal }
}

/// Asks (with no cost) whether a key that asked for more than its limit is still blocked, or blocks it.
pub(super) fn of_penalty(limit: &Limit, key: CounterKey, cost: u32) -> Option<Take> {
    let period = millis(limit.blocking?);
    let quota = Quota { permits: 1, period, burst: 1, algorithm: Algorithm::Penalty };
    // Beside the counter, under a name that no other has.
    let key = CounterKey(key.0 ^ u128::MAX);
    Some(Take { key, quota, cost, on_refusal: OnRefusal::Keep })
}

/// A limit, for the store.
pub(crate) fn quota(limit: &Limit) -> Quota {
    Quota {
        permits: limit.permits,
        period: millis(limit.period),
        burst: limit.burst,
        algorithm: match limit.algorithm {
            LimitAlgorithm::Gcra => Algorithm::Gcra,
            LimitAlgorithm::SlidingWindow => Algorithm::SlidingWindow,
            // What is under way is no count of a store.
            LimitAlgorithm::FixedWindow | LimitAlgorithm::AtOnce => Algorithm::FixedWindow,
        },
    }
}

/// The counter of a limit for this exchange; `None` if what it counts by is not there.
pub(super) fn key(x: &Exchange<'_>, limit: &Limit, whose: Whose<'_>, state: &State) -> Option<CounterKey> {
    state.stores.key_hash.try_key(|key| {
        write_limit(key, limit);
        if let Some(id) = whose.key_id {
            key.text("api key");
            key.text(id);
        }
        limit.keys.iter().try_for_each(|part| write_part(key, x, part, whose.in_body))
    })
}

fn write_part(key: &mut KeyWriter, x: &Exchange<'_>, part: &LimitKey, in_body: &str) -> Option<()> {
    let claim = |name: &str| x.principal.as_deref()?.claim(name);
    match part {
        LimitKey::Ip => key.bytes(&network(x.client).to_be_bytes()),
        LimitKey::User => key.text(x.subject()?),
        LimitKey::Header(name) => key.bytes(x.headers.get(name)?.as_bytes()),
        LimitKey::Claim(name) => key.text(&claim(name)?.to_string()),
        LimitKey::Body(_) => key.text(in_body),
        LimitKey::ApiKey => key.text(claim("key")?.as_str()?),
        LimitKey::Session => key.text(claim("sid")?.as_str()?),
        LimitKey::Asn => key.number(x.site.policy.network.geo.operator(x.client)?.into()),
        LimitKey::Ja4 => key.text(x.account.connection.ja4.as_deref()?),
        LimitKey::Country => key.text(x.site.policy.network.geo.country(x.client)?.as_str()),
        LimitKey::Cookie(name) => {
            let mut values =
                cookies(x).filter(|(known, _)| *known == name.as_bytes()).map(|(_, value)| value);
            key.bytes(values.next()?);
            values.for_each(|value| key.bytes(value));
        }
        LimitKey::Operation => match x.operation() {
            Some(operation) => {
                key.text(x.method.as_str());
                key.text(&operation.path);
            }
            None => route(key, x),
        },
        LimitKey::Route => route(key, x),
        LimitKey::Global => {}
    }
    Some(())
}

/// The cookies of the request.
fn cookies<'x>(x: &'x Exchange<'_>) -> impl Iterator<Item = (&'x [u8], &'x [u8])> {
    x.headers.get_all(COOKIE).iter().flat_map(|header| inputs::cookie_readings(header.as_bytes()))
}

/// A route of another host may have the same name.
fn route(key: &mut KeyWriter, x: &Exchange<'_>) {
    x.route.hosts.iter().for_each(|host| key.text(host));
    key.text(&x.route.name);
}

/// Every part of a limit, so that two limits never share a counter. The numbers are part of the keys that gateways share:
/// they stay as they are.
fn write_limit(key: &mut KeyWriter, limit: &Limit) {
    let Limit { permits, period, burst, algorithm, keys, counting, cost, blocking, is_observed } = limit;
    key.text("limit");
    key.number((*permits).into());
    key.number(u64::try_from(period.as_nanos()).unwrap_or(u64::MAX));
    key.number((*burst).into());
    key.number(match algorithm {
        LimitAlgorithm::Gcra => 1,
        LimitAlgorithm::SlidingWindow => 2,
        LimitAlgorithm::FixedWindow => 3,
        LimitAlgorithm::AtOnce => 4,
    });
    key.number(match counting {
        CountedOutcome::All => 1,
        CountedOutcome::Failures => 2,
        CountedOutcome::Successes => 3,
    });
    key.number(keys.len() as u64);
    for part in keys {
        let in_body;
        let (kind, name) = match part {
            LimitKey::Ip => (1, ""),
            LimitKey::User => (2, ""),
            LimitKey::Header(name) => (3, name.as_str()),
            LimitKey::Claim(name) => (4, name.as_str()),
            LimitKey::Route => (5, ""),
            LimitKey::Global => (6, ""),
            LimitKey::Cookie(name) => (7, name.as_str()),
            LimitKey::ApiKey => (8, ""),
            LimitKey::Session => (9, ""),
            LimitKey::Operation => (10, ""),
            LimitKey::Body(input) => {
                in_body = input.to_string();
                (11, in_body.as_str())
            }
            LimitKey::Asn => (12, ""),
            LimitKey::Country => (13, ""),
            LimitKey::Ja4 => (14, ""),
        };
        key.number(kind);
        key.text(name);
    }
    if *cost != Cost::Fixed(1) || blocking.is_some() || *is_observed {
        key.text(&limit.to_string());
    }
}

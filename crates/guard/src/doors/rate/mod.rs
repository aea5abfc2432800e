//! Rate: "I can try 10,000 passwords a second." ([guide §4])
//!
//! Several limits hold at once and the strictest wins. A limit that counts failures takes before the request and
//! refunds after a success, so that it holds exactly even if all tries come at the same moment.
//!
//! [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting

pub(crate) mod crowd;
pub(crate) mod failure;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::header::{COOKIE, HeaderName, HeaderValue, RETRY_AFTER};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use identity::Credential;
use policy::{BuiltInDoor, CountedOutcome, Input, Limit, LimitAlgorithm, LimitKey, RoutePolicy};
use store::{Algorithm, CounterKey, KeyWriter, OnRefusal, Outcome, Quota, StoreError, Take, millis};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::ownership::named::{texts, texts_elsewhere};
use super::{Door, Step};
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced, on};
use crate::decision::{Decision, Refusal};
use crate::events::Verdict;
use crate::exchange::{Exchange, RateLimitStatus};
use crate::forward::Reader;
use crate::network::network;
use crate::state::State;
use failure::note_head;

/// The limits that need nothing but the head.
pub(crate) struct ByAddress;

/// The limits that need to know who the caller is.
pub(crate) struct ByIdentity;

impl Door for ByAddress {
    fn id(&self) -> DoorId {
        BuiltInDoor::Rate.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit(ruling, x, Stage::Address)
    }

    fn release_head<'e>(&self, _: Ruling<'e>, x: &mut Exchange<'e>, parts: &Parts) -> Decision {
        note_head(x, parts);
        Decision::Pass
    }

    fn finish<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        status: StatusCode,
        headers: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        if enforced(x, BuiltInDoor::Rate) {
            release(x, headers);
        }
        let tickets = std::mem::take(&mut x.tickets);
        if tickets.is_empty() || x.attempt.has_failed(status) {
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
        BuiltInDoor::Rate.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        match crowd::shed(x, ruling) {
            None => admit(ruling, x, Stage::Identity),
            Some(refusal) => Decision::Refuse(refusal).into(),
        }
    }

    fn admit_body<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        // A mutation logs in whatever route it is for.
        let log_ins = if x.as_it_came().is_none() { graphql_log_ins(x, ruling) } else { 0 };
        if log_ins == 0 {
            return admit(ruling, x, Stage::Body);
        }
        Step::later(async move {
            match take_log_ins(x, ruling, log_ins).await {
                Decision::Pass => admit(ruling, x, Stage::Body).answer().await,
                refused => refused,
            }
        })
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
    Body,
}

impl Stage {
    fn has(self, limit: &Limit) -> bool {
        let stage = match (limit.in_body(), limit.needs_principal()) {
            (Some(_), _) => Stage::Body,
            (None, true) => Stage::Identity,
            (None, false) => Stage::Address,
        };
        stage == self
    }
}

fn admit<'a, 'e>(ruling: Ruling<'e>, x: &'a mut Exchange<'e>, stage: Stage) -> Step<'a> {
    let is_limited = x.route.rate.limits.iter().any(|limit| stage.has(limit));
    if is_limited || stage == Stage::Identity && own_limits(x).next().is_some() {
        Step::later(take(x, ruling.state, stage))
    } else {
        Step::PASS
    }
}

/// Counts a read that the gate makes of the API for a request, as a request of the caller: what causes many reads is no
/// cheaper than to make them. The first read of a request is part of it. A limit of failures counts none.
pub(crate) async fn count_read(ruling: Ruling<'_>, x: &Exchange<'_>) -> Result<(), Refusal> {
    let is_first = x.reads.fetch_add(1, Ordering::Relaxed) == 0;
    if is_first || !on(x, BuiltInDoor::Rate) {
        return Ok(());
    }
    let (counted, takes) = takes(x, ruling.state, |limit| limit.counting == CountedOutcome::All, true)?;
    if takes.is_empty() {
        return Ok(());
    }
    let outcomes = match ruling.state.stores.counters.take_all(&takes, x.unix_millis()).await {
        Ok(outcomes) => outcomes,
        Err(error) => return Err(no_store(&error)),
    };
    let Some((limit, outcome)) = counted.into_iter().zip(outcomes).find(|(_, o)| o.ticket.is_none()) else {
        return Ok(());
    };
    let mut refusal = refusal(&limit, &outcome);
    refusal.evidence = Box::new(format!("{limit}; each object that is read counts as a request").into());
    refusal.door = Some(BuiltInDoor::Rate);
    if enforced(x, BuiltInDoor::Rate) {
        return Err(refusal);
    }
    ruling.note(x, BuiltInDoor::Rate.name(), refusal.rule, Verdict::WouldRefuse, None, &refusal.evidence);
    Ok(())
}

/// What an exchange takes from those limits that count, and these limits. Refused is what a limit counts by and cannot be seen.
fn takes<'e>(
    x: &Exchange<'e>,
    state: &State,
    counts: impl Fn(&Limit) -> bool,
    has_own: bool,
) -> Result<(Vec<Cow<'e, Limit>>, Vec<Take>), Refusal> {
    let (mut counted, mut takes) = (Vec::new(), Vec::new());
    let route: &'e RoutePolicy = x.route;
    let of_route = route.rate.limits.iter().map(|limit| (Cow::Borrowed(&**limit), None));
    let key_id = x.principal.as_deref().and_then(|principal| principal.claim("key")?.as_str());
    let own = own_limits(x).filter(|_| has_own).map(|limit| (Cow::Owned(limit), key_id));
    for (limit, key_id) in of_route.chain(own).filter(|(limit, _)| counts(limit)) {
        let mut count = |value: &str, limit: Cow<'e, Limit>| {
            if let Some(key) = key(x, &limit, key_id, value, state) {
                takes.push(of_limit(&limit, key, 1));
                counted.push(limit);
            }
        };
        match limit.in_body() {
            None => count("", limit),
            Some(input) => values(x, input)?.iter().for_each(|value| count(value, limit.clone())),
        }
    }
    Ok((counted, takes))
}

/// What a limit takes from a counter.
fn of_limit(limit: &Limit, key: CounterKey, cost: u32) -> Take {
    let on_refusal = match limit.counting {
        CountedOutcome::All => OnRefusal::Refund,
        CountedOutcome::Failures => OnRefusal::Keep,
    };
    Take { key, quota: quota(limit), cost, on_refusal }
}

async fn take(x: &mut Exchange<'_>, state: &State, stage: Stage) -> Decision {
    // What the request as it came was counted by is not counted again by another reading of it.
    let is_counted = |limit: &Limit| {
        x.as_it_came().is_some_and(|reading| reading.route.rate.limits.iter().any(|known| **known == *limit))
            && !limit.keys.iter().any(|key| matches!(key, LimitKey::Route | LimitKey::Operation))
    };
    // The limits of a key count once, with the first reading.
    let has_own = stage == Stage::Identity && x.as_it_came().is_none();
    let is_own = |limit: &Limit| limit.keys.is_empty();
    let counts = |limit: &Limit| (stage.has(limit) || is_own(limit)) && !is_counted(limit);
    let (counted, takes) = match takes(x, state, counts, has_own) {
        Ok(taken) => taken,
        Err(refusal) => return Decision::Refuse(refusal),
    };
    if takes.is_empty() {
        return Decision::Pass;
    }
    let outcomes = match state.stores.counters.take_all(&takes, x.unix_millis()).await {
        Ok(outcomes) => outcomes,
        Err(error) => return Decision::Refuse(no_store(&error)),
    };
    for ((limit, take), outcome) in counted.into_iter().zip(takes).zip(outcomes) {
        let status = RateLimitStatus { quota: take.quota, outcome };
        let Some(ticket) = outcome.ticket else {
            x.tickets.clear();
            x.quota = Some(status);
            return Decision::Refuse(refusal(&limit, &outcome));
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

/// How often the GraphQL of a request logs somebody in, where its path does not say that it does.
#[cfg(feature = "graphql")]
fn graphql_log_ins(x: &Exchange<'_>, ruling: Ruling<'_>) -> u32 {
    if x.route.is_login || x.route.is_no_login || ruling.engine.policy.rate.login.is_empty() {
        return 0;
    }
    x.graphql().map_or(0, |shape| u32::try_from(shape.log_ins).unwrap_or(u32::MAX))
}

#[cfg(not(feature = "graphql"))]
fn graphql_log_ins(_: &Exchange<'_>, _: Ruling<'_>) -> u32 {
    0
}

/// Takes as much from the limits of log ins as a request makes of them.
async fn take_log_ins(x: &mut Exchange<'_>, ruling: Ruling<'_>, log_ins: u32) -> Decision {
    let state = ruling.state;
    // Where the name stands in the GraphQL, nobody has said.
    let limits = ruling.engine.policy.rate.login.iter().filter(|limit| limit.in_body().is_none());
    let taken =
        limits.filter_map(|limit| Some((limit, of_limit(limit, key(x, limit, None, "", state)?, log_ins))));
    let (limited, takes): (Vec<&Arc<Limit>>, Vec<Take>) = taken.unzip();
    let outcomes = match state.stores.counters.take_all(&takes, x.unix_millis()).await {
        Ok(outcomes) => outcomes,
        Err(error) => return Decision::Refuse(no_store(&error)),
    };
    x.graphql_log_ins = log_ins;
    for ((limit, take), outcome) in limited.into_iter().zip(takes).zip(outcomes) {
        let Some(ticket) = outcome.ticket else {
            x.tickets.clear();
            x.quota = Some(RateLimitStatus { quota: take.quota, outcome });
            let mut refusal = refusal(limit, &outcome);
            refusal.evidence =
                Box::new(format!("{limit}; log ins by GraphQL in this request: {log_ins}").into());
            return Decision::Refuse(refusal);
        };
        // Of several in one request, one that succeeds does not forgive the others.
        if limit.counting == CountedOutcome::Failures && log_ins == 1 {
            x.tickets.push(ticket);
        }
    }
    Decision::Pass
}

/// The values of an input of the body, as an application compares names of accounts, in every place where a server may look
/// for them. A limit counts each.
fn values(x: &Exchange<'_>, input: &Input) -> Result<Vec<String>, Refusal> {
    /// More than one is an attempt to be counted by another name.
    const MOST: usize = 16;
    if x.body.is_none() {
        return Ok(Vec::new());
    }
    let refused = |rule: &'static str, what: &str| {
        let evidence = format!("{input}: {what}, and a limit counts by it");
        Refusal::new(StatusCode::BAD_REQUEST, rule, evidence)
    };
    let found = texts(x, input).ok_or_else(|| refused("limit-unreadable", "what stands there is no text"))?;
    let found = found.into_iter().chain(texts_elsewhere(x, input)).map(|text| account(&text));
    let distinct: BTreeSet<String> = found.filter(|text| !text.is_empty()).take(100_000).collect();
    if distinct.len() > MOST {
        return Err(refused("limit-values", "many values at once"));
    }
    Ok(distinct.into_iter().collect())
}

/// A name of an account in the one spelling that stands for all that some application or database takes for the same: without
/// case, accents and compatibility forms (Django, MariaDB), without characters that show nothing, and without what trims take
/// away (PHP's, Python's, JavaScript's).
fn account(text: &str) -> String {
    let is_shown = |c: &char| {
        let is_hidden = matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
        );
        !c.is_control() && !is_combining_mark(*c) && !is_hidden
    };
    let plain: String = text.nfkd().filter(is_shown).collect();
    let folded: String = plain.to_uppercase().to_lowercase().nfkd().filter(is_shown).collect();
    folded.trim().to_owned()
}

/// The cookies of the request.
fn cookies<'x>(x: &'x Exchange<'_>) -> impl Iterator<Item = (&'x [u8], &'x [u8])> {
    x.headers.get_all(COOKIE).iter().flat_map(|header| inputs::cookie_readings(header.as_bytes()))
}

/// The limits of the API key that the caller has shown, which count by nothing but the key.
fn own_limits(x: &Exchange<'_>) -> impl Iterator<Item = Limit> {
    let key = x.principal.as_deref().filter(|principal| principal.credential == Credential::ApiKey);
    let limits = key.and_then(|key| key.claim("limits")?.as_array()).into_iter().flatten();
    limits.filter_map(|limit| Some(Limit { keys: Vec::new(), ..limit.as_str()?.parse().ok()? }))
}

fn refusal(limit: &Limit, outcome: &Outcome) -> Refusal {
    let seconds = outcome.retry_after.div_ceil(1000).max(1);
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "limit", limit.to_string())
        .header(RETRY_AFTER, seconds.into())
}

fn no_store(error: &StoreError) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "store", error.to_string())
}

/// The counter of a limit for this exchange; `None` if what it counts by is not there.
fn key(
    x: &Exchange<'_>,
    limit: &Limit,
    key_id: Option<&str>,
    in_body: &str,
    state: &State,
) -> Option<CounterKey> {
    state.stores.key_hash.try_key(|key| {
        write_limit(key, limit);
        if let Some(id) = key_id {
            key.text("api key");
            key.text(id);
        }
        for part in &limit.keys {
            match part {
                LimitKey::Ip => key.bytes(&network(x.client).to_be_bytes()),
                LimitKey::User => key.text(x.subject()?),
                LimitKey::Header(name) => key.bytes(x.headers.get(name)?.as_bytes()),
                LimitKey::Claim(name) => key.text(&x.principal.as_deref()?.claim(name)?.to_string()),
                LimitKey::Body(_) => key.text(in_body),
                LimitKey::ApiKey => key.text(x.principal.as_deref()?.claim("key")?.as_str()?),
                LimitKey::Session => key.text(x.principal.as_deref()?.claim("sid")?.as_str()?),
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
        }
        Some(())
    })
}

/// A route of another host may have the same name.
fn route(key: &mut KeyWriter, x: &Exchange<'_>) {
    x.route.hosts.iter().for_each(|host| key.text(host));
    key.text(&x.route.name);
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
        };
        key.number(kind);
        key.text(name);
    }
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
            LimitAlgorithm::FixedWindow => Algorithm::FixedWindow,
        },
    }
}

//! What a request takes from its limits, and what becomes of it when one of them does not have enough.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use http::StatusCode;
use http::header::RETRY_AFTER;
use identity::Credential;
use policy::{BuiltInDoor, Cost, CountedOutcome, Limit, LimitAlgorithm, LimitKey, RoutePolicy};
use store::{Outcome, Quota, StoreError, Take};

use super::counter::{Whose, key, of_limit, of_penalty};
use super::crowd;
use super::stage::{Stage, is_exempt};
use super::values::{cost, values};
use crate::decision::ruling::{Ruling, enforced, on};
use crate::decision::{Decision, Refusal};
use crate::events::Verdict;
use crate::exchange::{Exchange, RateLimitStatus};

/// A limit that counts a request, and what it takes.
struct Counted<'e> {
    limit: Cow<'e, Limit>,
    take: Take,
}

/// What came of some limits.
enum Taken {
    /// All had enough: what each has left.
    All(Vec<Outcome>),
    /// One had not, or is served as a penalty.
    Not { quota: Quota, outcome: Outcome, evidence: String },
}

/// Takes what a request costs from the limits of a stage.
pub(super) async fn take(x: &mut Exchange<'_>, ruling: Ruling<'_>, stage: Stage) -> Decision {
    // What the request as it came was counted by is not counted again by another reading of it.
    let is_counted = |limit: &Limit| {
        x.as_it_came().is_some_and(|reading| reading.route.rate.limits.iter().any(|known| **known == *limit))
            && !limit.keys.iter().any(|key| matches!(key, LimitKey::Route | LimitKey::Operation))
    };
    // The limits of a key count once, with the first reading.
    let has_own = stage == Stage::Identity && x.as_it_came().is_none();
    let is_own = |limit: &Limit| limit.keys.is_empty();
    let counts = |limit: &Limit| (stage.has(limit) || is_own(limit)) && !is_counted(limit);
    if let Err(refusal) = sit(x, ruling, &counts) {
        return Decision::Refuse(refusal);
    }
    let counted = match counted(x, ruling, counts, has_own, &cost) {
        Ok(counted) => counted,
        Err(refusal) => return Decision::Refuse(refusal),
    };
    let (observed, counted): (Vec<_>, Vec<_>) =
        counted.into_iter().partition(|counted| counted.limit.is_observed);
    for counted in observed {
        observe(x, ruling, counted, true).await;
    }
    settle(x, ruling, counted, true).await
}

/// Takes from limits, and remembers what is refunded when it is known how the exchange ends.
async fn settle(
    x: &mut Exchange<'_>,
    ruling: Ruling<'_>,
    counted: Vec<Counted<'_>>,
    refunds: bool,
) -> Decision {
    let outcomes = match take_all(x, ruling, &counted).await {
        Ok(Taken::All(outcomes)) => outcomes,
        Ok(Taken::Not { quota, outcome, evidence }) => {
            // Whoever is refused has failed. What counts successes learns that at the end.
            x.tickets.retain(|(_, counting)| *counting == CountedOutcome::Successes);
            x.quota = Some(RateLimitStatus { quota, outcome });
            return Decision::Refuse(refusal(evidence, &outcome));
        }
        Err(error) => return Decision::Refuse(no_store(&error)),
    };
    for (counted, outcome) in counted.iter().zip(outcomes) {
        remember(x, ruling, counted, Some(&outcome), refunds);
        if x.quota.is_none_or(|q| outcome.remaining < q.outcome.remaining) {
            x.quota = Some(RateLimitStatus { quota: counted.take.quota, outcome });
        }
    }
    Decision::Pass
}

/// Takes from limits in one call of the store. A key that asks for more than a limit that blocks is blocked.
async fn take_all(
    x: &Exchange<'_>,
    ruling: Ruling<'_>,
    counted: &[Counted<'_>],
) -> Result<Taken, StoreError> {
    if counted.is_empty() {
        return Ok(Taken::All(Vec::new()));
    }
    let counters = &ruling.state.stores.counters;
    let penalty =
        |counted: &Counted<'_>, cost| of_penalty(&counted.limit, counted.take.key, cost).into_iter();
    // Whether somebody is blocked is asked before anything is taken.
    let takes: Vec<Take> = (counted.iter().flat_map(|counted| penalty(counted, 0)))
        .chain(counted.iter().map(|counted| counted.take))
        .collect();
    let penalties = takes.len() - counted.len();
    let mut outcomes = counters.take_all(&takes, x.unix_millis()).await?;
    let refused = outcomes.iter().position(|outcome| outcome.ticket.is_none());
    let Some((at, mut outcome)) = refused.and_then(|at| Some((at, *outcomes.get(at)?))) else {
        return Ok(Taken::All(outcomes.split_off(penalties.min(outcomes.len()))));
    };
    let blocks = |counted: &&Counted<'_>| counted.limit.blocking.is_some();
    let found = match at.checked_sub(penalties) {
        None => counted.iter().filter(blocks).nth(at),
        Some(at) => counted.get(at),
    };
    let Some(found) = found else { return Ok(Taken::All(Vec::new())) };
    let (limit, take) = (&found.limit, found.take);
    let mut evidence = limit.to_string();
    if take.cost > limit.most() {
        evidence = format!("{evidence}; this request costs {}, which is more than there ever is", take.cost);
        outcome.retry_after = 0;
        return Ok(Taken::Not { quota: take.quota, outcome, evidence });
    }
    // Attempts that are not known yet to have failed, or to have succeeded, take places as well; that lasts a moment.
    let under_way = ruling.state.seats.taken(take.key.0);
    let is_undecided = outcome.remaining.saturating_add(under_way) >= take.cost;
    if at >= penalties && limit.counting != CountedOutcome::All && is_undecided {
        evidence = format!("{evidence}; {under_way} are under way");
        outcome.retry_after = 1000;
    } else if at >= penalties {
        for strike in penalty(found, 1) {
            let struck = counters.take_all(&[strike], x.unix_millis()).await?;
            outcome.retry_after = struck.iter().fold(outcome.retry_after, |wait, s| wait.max(s.retry_after));
        }
    } else {
        // When the penalty is over, the limit itself may still have nothing.
        let looked = counters.take_all(&[take], x.unix_millis()).await?;
        let tickets: Vec<_> = looked.iter().filter_map(|looked| looked.ticket).collect();
        counters.refund(&tickets, x.unix_millis()).await?;
        outcome.retry_after = looked.iter().fold(outcome.retry_after, |wait, l| wait.max(l.retry_after));
    }
    if limit.blocking.is_some() && !(at >= penalties && is_undecided) {
        outcome.remaining = 0;
        evidence = format!("{evidence}; blocked for {} s", outcome.retry_after.div_ceil(1000));
    }
    outcome.reset = outcome.reset.max(outcome.retry_after);
    Ok(Taken::Not { quota: take.quota, outcome, evidence })
}

/// Counts by a limit that is tried, and tells what it would refuse.
async fn observe(x: &mut Exchange<'_>, ruling: Ruling<'_>, counted: Counted<'_>, refunds: bool) {
    match take_all(x, ruling, std::slice::from_ref(&counted)).await {
        Ok(Taken::All(outcomes)) => remember(x, ruling, &counted, outcomes.first(), refunds),
        Ok(Taken::Not { evidence, .. }) => would_refuse(x, ruling, "limit", evidence),
        Err(_) => {}
    }
}

/// What is refunded, or charged, when it is known how the exchange ends.
fn remember(
    x: &mut Exchange<'_>,
    ruling: Ruling<'_>,
    counted: &Counted<'_>,
    outcome: Option<&Outcome>,
    refunds: bool,
) {
    let Counted { limit, take } = counted;
    if limit.counting != CountedOutcome::All {
        x.undecided.push(ruling.state.seats.sit(take.key.0));
    }
    if limit.counting != CountedOutcome::All && refunds {
        x.tickets.extend(outcome.and_then(|outcome| outcome.ticket).map(|ticket| (ticket, limit.counting)));
    }
    if let Cost::Answer(header) = &limit.cost {
        x.charges.push((header.clone(), *take));
    }
}

fn would_refuse(x: &Exchange<'_>, ruling: Ruling<'_>, rule: &'static str, evidence: String) {
    ruling.note(x, BuiltInDoor::Rate.name(), rule, Verdict::WouldRefuse, None, &evidence.into());
}

/// Gives a request its seats under those limits on what is under way at the same time that count.
fn sit(x: &Exchange<'_>, ruling: Ruling<'_>, counts: &impl Fn(&Limit) -> bool) -> Result<(), Refusal> {
    let limits = x.route.rate.limits.iter().filter(|limit| limit.algorithm == LimitAlgorithm::AtOnce);
    for limit in limits.filter(|limit| counts(limit)) {
        let of_body = match limit.in_body() {
            None => vec![String::new()],
            Some(input) => values(x, input)?,
        };
        for value in of_body {
            let whose = Whose { key_id: None, in_body: &value };
            let Some(key) = key(x, limit, whose, ruling.state) else { continue };
            match ruling.state.seats.take(key.0, limit.permits) {
                Ok(seat) => x.account.sits(seat),
                Err(_) if limit.is_observed => would_refuse(x, ruling, "at-once", limit.to_string()),
                Err(_) => {
                    return Err(crowd::refusal(StatusCode::TOO_MANY_REQUESTS, "at-once", limit.to_string()));
                }
            }
        }
    }
    Ok(())
}

/// Counts a read that the gate makes of the API for a request, as a request of the caller: what causes many reads is no
/// cheaper than to make them. The first read of a request is part of it. A limit of failures or successes counts none.
pub(crate) async fn count_read(ruling: Ruling<'_>, x: &Exchange<'_>) -> Result<(), Refusal> {
    let is_first = x.reads.fetch_add(1, Ordering::Relaxed) == 0;
    if is_first || !on(x, BuiltInDoor::Rate) || is_exempt(x, ruling) {
        return Ok(());
    }
    let counts = |limit: &Limit| limit.counting == CountedOutcome::All && !limit.is_observed;
    let counted = counted(x, ruling, counts, true, &|_, _| Ok(1))?;
    let (outcome, evidence) = match take_all(x, ruling, &counted).await {
        Ok(Taken::All(_)) => return Ok(()),
        Ok(Taken::Not { outcome, evidence, .. }) => (outcome, evidence),
        Err(error) => return Err(no_store(&error)),
    };
    let mut refusal = refusal(format!("{evidence}; each object that is read counts as a request"), &outcome);
    refusal.door = Some(BuiltInDoor::Rate);
    if enforced(x, BuiltInDoor::Rate) {
        return Err(refusal);
    }
    ruling.note(x, BuiltInDoor::Rate.name(), refusal.rule, Verdict::WouldRefuse, None, &refusal.evidence);
    Ok(())
}

/// What has been taken for failures stays taken, however the exchange ends.
#[cfg(feature = "graphql")]
pub(super) fn forget_failures(x: &mut Exchange<'_>) {
    x.tickets.retain(|(_, counting)| *counting != CountedOutcome::Failures);
}

/// Takes as much from the limits of log ins as a request of GraphQL makes of them. They are given back if it succeeds, where its
/// answer can tell.
#[cfg(feature = "graphql")]
pub(super) async fn take_log_ins(
    x: &mut Exchange<'_>,
    ruling: Ruling<'_>,
    log_ins: u32,
    refunds: bool,
) -> Decision {
    // Where the name stands in the GraphQL, nobody has said.
    let limits = ruling.engine.policy.rate.login.iter();
    let limits =
        limits.filter(|limit| limit.in_body().is_none() && limit.algorithm != LimitAlgorithm::AtOnce);
    let (observed, counted): (Vec<_>, Vec<_>) = limits
        .filter_map(|limit| {
            let key = key(x, limit, Whose { key_id: None, in_body: "" }, ruling.state)?;
            Some(Counted { limit: Cow::Borrowed(&**limit), take: of_limit(limit, key, log_ins) })
        })
        .partition(|counted| counted.limit.is_observed);
    for counted in observed {
        observe(x, ruling, counted, refunds).await;
    }
    match settle(x, ruling, counted, refunds).await {
        Decision::Refuse(mut refusal) => {
            let evidence = format!("{}; log ins by GraphQL in this request: {log_ins}", refusal.evidence);
            refusal.evidence = Box::new(evidence.into());
            Decision::Refuse(refusal)
        }
        passed => passed,
    }
}

/// Takes what the answer says that it costs, beyond the one that the request took already. What a limit does not have, it does
/// not give: the next request finds nothing left.
pub(super) async fn charge(x: &Exchange<'_>, ruling: Ruling<'_>, charges: Vec<(u32, Take)>) {
    let counters = &ruling.state.stores.counters;
    for (cost, take) in charges {
        let rest = [Take { cost: cost - 1, ..take }];
        let Ok(outcomes) = counters.take_all(&rest, x.unix_millis()).await else { return };
        let Some(Outcome { ticket: None, remaining, .. }) = outcomes.first() else { continue };
        let _ = counters.take_all(&[Take { cost: *remaining, ..take }], x.unix_millis()).await;
    }
}

/// What an exchange takes from those limits of its route that count, and those of its API key. Refused is what a limit counts
/// by and cannot be seen.
fn counted<'e>(
    x: &Exchange<'e>,
    ruling: Ruling<'_>,
    counts: impl Fn(&Limit) -> bool,
    has_own: bool,
    cost: &dyn Fn(&Exchange<'e>, &Limit) -> Result<u32, Refusal>,
) -> Result<Vec<Counted<'e>>, Refusal> {
    let mut all = Vec::new();
    let route: &'e RoutePolicy = x.route;
    let of_route = route.rate.limits.iter().map(|limit| (Cow::Borrowed(&**limit), None));
    let key_id = x.principal.as_deref().and_then(|principal| principal.claim("key")?.as_str());
    let own = own_limits(x).filter(|_| has_own).map(|limit| (Cow::Owned(limit), key_id));
    let rates = of_route.chain(own).filter(|(limit, _)| limit.algorithm != LimitAlgorithm::AtOnce);
    for (limit, key_id) in rates.filter(|(limit, _)| counts(limit)) {
        let mut count = |in_body: &str, limit: Cow<'e, Limit>| -> Result<(), Refusal> {
            let Some(key) = key(x, &limit, Whose { key_id, in_body }, ruling.state) else { return Ok(()) };
            let take = of_limit(&limit, key, cost(x, &limit)?);
            all.push(Counted { limit, take });
            Ok(())
        };
        match limit.in_body() {
            None => count("", limit)?,
            Some(input) => values(x, input)?.iter().try_for_each(|value| count(value, limit.clone()))?,
        }
    }
    Ok(all)
}

/// The limits of the API key that the caller has shown, which count by nothing but the key.
pub(super) fn own_limits(x: &Exchange<'_>) -> impl Iterator<Item = Limit> {
    let key = x.principal.as_deref().filter(|principal| principal.credential == Credential::ApiKey);
    let limits = key.and_then(|key| key.claim("limits")?.as_array()).into_iter().flatten();
    limits.filter_map(|limit| Some(Limit { keys: Vec::new(), ..limit.as_str()?.parse().ok()? }))
}

fn refusal(evidence: String, outcome: &Outcome) -> Refusal {
    let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "limit", evidence);
    match outcome.retry_after.div_ceil(1000) {
        // To wait does not help.
        0 => refusal,
        seconds => refusal.header(RETRY_AFTER, seconds.into()),
    }
}

pub(super) fn no_store(error: &StoreError) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "store", error.to_string())
}

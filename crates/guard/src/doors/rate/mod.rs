//! Rate: "I can try 10,000 passwords a second." ([guide §4])
//!
//! Several limits hold at once and the strictest wins. A limit that counts failures takes before the request and
//! refunds after a success, so that it holds exactly even if all tries come at the same moment. One that counts successes
//! refunds after a failure.
//!
//! [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting

mod accounts;
mod counter;
pub(crate) mod crowd;
pub(crate) mod failure;
#[cfg(feature = "graphql")]
mod graphql;
mod stage;
mod stuffing;
mod taking;
mod values;

use std::time::Instant;

use http::header::{HeaderName, HeaderValue};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use policy::{BuiltInDoor, CountedOutcome};
use store::Take;

use super::{Door, Step};
use crate::decision::Decision;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::exchange::{Attempt, CLIENT_LEFT, Exchange, RateLimitStatus};
use crate::forward::Reader;
pub(crate) use counter::quota;
use failure::{note_head, wait};
use stage::{Stage, is_exempt};
pub(crate) use stuffing::Stuffing;
pub(crate) use taking::count_read;
use taking::{charge, own_limits, take};

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

    fn release_head<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, parts: &Parts) -> Decision {
        note_head(x, ruling, parts)
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
        let has_failed = x.attempt.has_failed(status);
        let has_succeeded = !has_failed && !status.is_server_error();
        // Whoever left before the answer may have had what he asked for, and may not.
        let is_open = matches!(x.attempt, Attempt::Unknown | Attempt::InBody);
        let has_left = is_open && status.as_u16() == CLIENT_LEFT;
        let is_refunded = |counting: CountedOutcome| match counting {
            CountedOutcome::All => false,
            CountedOutcome::Failures => !has_failed,
            CountedOutcome::Successes => !has_succeeded && !has_left,
        };
        x.undecided.clear();
        let tickets = std::mem::take(&mut x.tickets).into_iter();
        let tickets: Vec<_> =
            tickets.filter(|(_, counting)| is_refunded(*counting)).map(|(t, _)| t).collect();
        let charges = charges(x, headers);
        let wait = wait(x, ruling.engine);
        if tickets.is_empty() && charges.is_empty() && wait.is_none() {
            return Step::Now(());
        }
        Step::later(async move {
            // If the store does not answer, the stricter count stays.
            let _ = ruling.state.stores.counters.refund(&tickets, x.unix_millis()).await;
            charge(x, ruling, charges).await;
            if let Some(wait) = wait {
                tokio::time::sleep(wait).await;
            }
        })
    }
}

/// What an answer costs, beyond the one that its request took.
fn charges(x: &mut Exchange<'_>, headers: &HeaderMap) -> Vec<(u32, Take)> {
    let number = |text: &str| text.parse::<u64>().map(|cost| u32::try_from(cost).unwrap_or(u32::MAX));
    let said = |name: &HeaderName| number(headers.get(name)?.to_str().ok()?.trim()).ok();
    let charges = std::mem::take(&mut x.charges).into_iter();
    charges.filter_map(|(name, take)| Some((said(&name).filter(|cost| *cost > 1)?, take))).collect()
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
        // What an answer waits for begins when the client has said everything.
        x.asked.get_or_insert_with(Instant::now);
        // A mutation logs in whatever route it is for.
        #[cfg(feature = "graphql")]
        if let Some(log_ins) = graphql::log_ins(x, ruling).filter(|_| x.as_it_came().is_none()) {
            return Step::later(async move {
                match graphql::take(x, ruling, log_ins).await {
                    Decision::Pass => admit(ruling, x, Stage::Body).answer().await,
                    refused => refused,
                }
            });
        }
        admit(ruling, x, Stage::Body)
    }

    #[cfg(feature = "graphql")]
    fn admit_stream<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        _: &'a Reader,
    ) -> Step<'a> {
        // Those of the query.
        match graphql::log_ins(x, ruling).filter(|_| x.as_it_came().is_none()) {
            Some(log_ins) => Step::later(graphql::take(x, ruling, log_ins)),
            None => Step::PASS,
        }
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

fn admit<'a, 'e>(ruling: Ruling<'e>, x: &'a mut Exchange<'e>, stage: Stage) -> Step<'a> {
    let is_limited = x.route.rate.limits.iter().any(|limit| stage.has(limit));
    let is_limited = is_limited || stage == Stage::Identity && own_limits(x).next().is_some();
    if is_limited && !is_exempt(x, ruling) { Step::later(take(x, ruling, stage)) } else { Step::PASS }
}

//! Answers before the rule set: its phases 3 and 4, and the log when all is over.

use http::StatusCode;
use http::response::Parts;
use policy::Door;
use policy::config::BodyHandling;
use seclang::{Intervention, Phase, ResponseHead};

use super::audit;
use super::{describe, protocol, refusal};
use crate::decision::Decision;
use crate::decision::ruling::{Interruption, Ruling};
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::inputs::essence;

/// Whether an answer of this exchange may have to be read.
pub(crate) fn needs_response(x: &Exchange<'_>, engine: &Engine) -> bool {
    x.rules.is_some()
        && x.route.body != BodyHandling::Stream
        && engine.policy.core_rule_set.as_ref().is_some_and(|rules| rules.responses)
}

/// Whether the body of this answer is to be read: what is text, and is not sent bit by bit.
pub(crate) fn reads_body(x: &Exchange<'_>, engine: &Engine, parts: &Parts) -> bool {
    let kind = essence(&parts.headers);
    let is_text = ["text/html", "text/plain", "text/xml", "application/json", "application/xml"]
        .contains(&kind.as_str())
        || kind.ends_with("+json")
        || kind.ends_with("+xml");
    is_text && needs_response(x, engine)
}

/// Judges the head.
pub(crate) fn release_head(
    ruling: Ruling<'_>,
    x: &mut Exchange<'_>,
    parts: &Parts,
) -> Result<(), Interruption> {
    if !needs_response(x, ruling.engine) {
        return Ok(());
    }
    let Some(mut transaction) = x.rules.take() else { return Ok(()) };
    let headers: Vec<(&[u8], &[u8])> =
        parts.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect();
    transaction.response(&ResponseHead {
        status: parts.status.as_u16(),
        protocol: protocol(parts.version),
        headers: &headers,
    });
    let before = transaction.matches().len();
    let intervention = transaction.run(Phase::ResponseHeaders);
    let told = describe(&transaction.matches()[before..]);
    x.rules = Some(transaction);
    settle(ruling, x, intervention, told)
}

/// Judges the body, which is empty where it is not read.
pub(crate) fn release_body(
    ruling: Ruling<'_>,
    x: &mut Exchange<'_>,
    body: &[u8],
) -> Result<(), Interruption> {
    if !needs_response(x, ruling.engine) {
        return Ok(());
    }
    let Some(mut transaction) = x.rules.take() else { return Ok(()) };
    transaction.response_body(body);
    let before = transaction.matches().len();
    let intervention = transaction.run(Phase::ResponseBody);
    let told = describe(&transaction.matches()[before..]);
    x.rules = Some(transaction);
    settle(ruling, x, intervention, told)
}

fn settle(
    ruling: Ruling<'_>,
    x: &mut Exchange<'_>,
    intervention: Option<Intervention>,
    told: String,
) -> Result<(), Interruption> {
    match intervention {
        Some(intervention) => {
            ruling.settle(x, Door::Injection, Decision::Refuse(refusal(&intervention, told)))
        }
        None if !told.is_empty() => ruling.settle(x, Door::Injection, Decision::Report("crs", told)),
        None => Ok(()),
    }
}

/// The last phase, and what was found is written where somebody wants it.
pub(crate) fn finish(ruling: Ruling<'_>, x: &mut Exchange<'_>, status: StatusCode) {
    let Some(mut transaction) = x.rules.take() else { return };
    let _ = transaction.run(Phase::Logging);
    if ruling.state.sink.wants_audit() && !transaction.matches().is_empty() {
        ruling.state.sink.audit(&audit::entry(x, &transaction, status));
    }
}

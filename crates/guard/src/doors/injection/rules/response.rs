//! Answers before the rule set: its phases 3 and 4, and the log when all is over.

use http::StatusCode;
use http::response::Parts;
use policy::{BodyHandling, BuiltInDoor};
use seclang::{Intervention, Phase, ResponseHead};

use super::audit;
use super::request::{evidence, protocol, refusal};
use crate::decision::Decision;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::doors::Step;
use crate::doors::inspector::{Extent, Head, Held, Inspector};
use crate::engine::Engine;
use crate::events::evidence::Evidence;
use crate::exchange::Exchange;

/// Runs the rules for bodies of answers: for what is text, and is not sent bit by bit.
pub(crate) struct Answers;

impl Inspector for Answers {
    fn door(&self) -> Option<DoorId> {
        Some(BuiltInDoor::Injection.into())
    }

    fn expects(&self, engine: &Engine, x: &Exchange<'_>) -> Option<Extent> {
        needs_response(x, engine).then_some(Extent::Any)
    }

    fn wants(&self, engine: &Engine, x: &Exchange<'_>, head: &Head) -> bool {
        const TEXT: [&str; 4] = ["text/html", "text/plain", "text/xml", "application/xml"];
        let kind = head.essence.as_str();
        let is_text = head.is_json || TEXT.contains(&kind) || kind.ends_with("+xml");
        is_text && needs_response(x, engine)
    }

    fn inspect<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        held: &'a mut Held,
    ) -> Step<'a> {
        release_body(ruling, x, &held.text).into()
    }

    /// What is not read is an empty body to the rules.
    fn unseen<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, _: &Head) -> Decision {
        release_body(ruling, x, &[])
    }

    /// What was read is judged; a client cannot be made to wait for all of it.
    fn too_large<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, _: &Head, read: &[u8]) -> Decision {
        release_body(ruling, x, read)
    }
}

/// Whether an answer of this exchange may have to be read.
fn needs_response(x: &Exchange<'_>, engine: &Engine) -> bool {
    x.rules.is_some()
        && x.route.protocol.body != BodyHandling::Stream
        && engine.policy.injection.core_rule_set.as_ref().is_some_and(|rules| rules.responses)
}

/// Judges the head.
pub(super) fn release_head(ruling: Ruling<'_>, x: &mut Exchange<'_>, parts: &Parts) -> Decision {
    if !needs_response(x, ruling.engine) {
        return Decision::Pass;
    }
    let Some(mut transaction) = x.rules.take() else { return Decision::Pass };
    let headers: Vec<(&[u8], &[u8])> =
        parts.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect();
    transaction.response(&ResponseHead {
        status: parts.status.as_u16(),
        protocol: protocol(parts.version),
        headers: &headers,
    });
    let before = transaction.matches().len();
    let intervention = transaction.run(Phase::ResponseHeaders);
    let evidence = evidence(transaction.matches().get(before..).unwrap_or_default());
    x.rules = Some(transaction);
    decision(intervention, evidence)
}

/// Judges the body, which is empty where it is not read.
fn release_body(ruling: Ruling<'_>, x: &mut Exchange<'_>, body: &[u8]) -> Decision {
    if !needs_response(x, ruling.engine) {
        return Decision::Pass;
    }
    let Some(mut transaction) = x.rules.take() else { return Decision::Pass };
    transaction.response_body(body);
    let before = transaction.matches().len();
    let intervention = transaction.run(Phase::ResponseBody);
    let evidence = evidence(transaction.matches().get(before..).unwrap_or_default());
    x.rules = Some(transaction);
    decision(intervention, evidence)
}

fn decision(intervention: Option<Intervention>, evidence: Evidence) -> Decision {
    match intervention {
        Some(intervention) => Decision::Refuse(refusal(&intervention, evidence)),
        None if !evidence.rules.is_empty() => Decision::report("crs", evidence),
        None => Decision::Pass,
    }
}

/// The last phase, and what was found is written where somebody wants it.
pub(super) fn finish(ruling: Ruling<'_>, x: &mut Exchange<'_>, status: StatusCode) {
    let Some(mut transaction) = x.rules.take() else { return };
    let _ = transaction.run(Phase::Logging);
    if ruling.state.sinks.wants_audit() && !transaction.matches().is_empty() {
        ruling.state.sinks.audit_entry(&audit::entry(x, &transaction, status));
    }
}

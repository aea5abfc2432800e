//! Errors that show the inside.

use std::collections::HashMap;

use bytes::Bytes;
use report::Level;
use serde_json::{Value, json};

use super::traces::{Told, told};
use crate::attack::{Attack, Hole, Tried};
use crate::census::Control;
use crate::door::{GuideDoor, ShutBy};
use crate::probe::{Content, Probe};
use crate::prober::{Prober, Stop, token};
use crate::request::{Draft, Slot};
use crate::surface::BodyFormat;
use crate::who::Who;

pub(super) const ATTACK: Attack = Attack {
    name: "verbose-errors",
    door: GuideDoor::SecurityHeaders,
    shut_by: ShutBy::Code,
    thought: "What does a request that nobody expected tell me of the code and the database?",
    level: Level::Medium,
    references: &["CWE-209", "API8:2023"],
    mend_in_code: "Answer every error with a plain message, and write its details to a log; switch debugging off.",
    mend_at_gate: "[schema] server_errors masks the details of answers of 500 and above; others pass.",
    run: |p, tried| Box::pin(run(p, tried)),
};

/// What puts a value out of order: a quote and a bracket, in a text or in place of a number.
const ODD: &str = "o'\"\\(";

/// What was found of one kind, and where else.
struct Found {
    hole: Hole,
    operations: Vec<String>,
}

async fn run(p: &Prober<'_>, tried: &mut Tried) -> Result<(), Stop> {
    let mut found: HashMap<Told, Found> = HashMap::new();
    let missing = [Probe::get_of_server(format!("/{}", token())), Probe::get(format!("/{}/%ff", token()))];
    for probe in missing {
        let sent = p.send_as(probe.header("accept", "text/html"), Who::Nobody).await;
        let Some(sent) = tried.take(sent)? else { continue };
        for (kind, line) in told(&sent.answer.text()) {
            let message = format!("an unknown path is answered with {}: {line}", kind.words());
            found
                .entry(kind)
                .or_insert_with(|| Found { hole: sent.hole("", message, &sent), operations: Vec::new() });
        }
    }
    for control in p.controls() {
        let endpoint = p.surface.endpoint(control.endpoint);
        if endpoint.is_removal() {
            continue;
        }
        for (slot, probe) in odd(p, &control) {
            let result = try_one(p, &control, &slot, probe, &mut found, tried).await;
            tried.take(result)?;
        }
        if !endpoint.is_read() && !endpoint.is_creation() {
            // What was taken for a value is set back.
            let restored = p.ask(&control.draft, control.who).await;
            tried.take(restored)?;
        }
    }
    // A trace names files: that is one cause.
    if found.contains_key(&Told::Trace) || found.contains_key(&Told::Debugger) {
        found.remove(&Told::File);
    }
    let mut all: Vec<Found> = found.into_values().collect();
    all.sort_by(|one, other| one.hole.message.cmp(&other.hole.message));
    for Found { mut hole, operations } in all {
        if operations.len() > 1 {
            hole.message.push_str(&format!(", and so do {} other operations", operations.len() - 1));
        }
        tried.open(hole);
    }
    Ok(())
}

/// Requests that nobody expects: a body that cannot be read, an object where a text belongs, a quote in each slot.
fn odd(p: &Prober<'_>, control: &Control) -> Vec<(String, Probe)> {
    let endpoint = p.surface.endpoint(control.endpoint);
    let mut requests = Vec::new();
    let write = |draft: &Draft| draft.settled().probe(endpoint);
    if let Some(BodyFormat::Json(media_type)) = endpoint.body.as_ref().map(|body| &body.format) {
        let content = Content { media_type: media_type.clone(), bytes: Bytes::from_static(b"{\"a\": [1,") };
        requests.push(("body".to_owned(), Probe { body: Some(content), ..write(&control.draft) }));
    }
    let mut has_object = false;
    for slot in control.slots(endpoint) {
        if matches!(slot, Slot::Header(_) | Slot::Cookie(_)) {
            continue;
        }
        let draft = control.with_slot(endpoint, &slot);
        let is_creation = endpoint.is_creation() && endpoint.graphql.is_none();
        let text = match draft.value(&slot) {
            Some(Value::String(text)) if !is_creation => format!("{text}{ODD}"),
            _ => ODD.to_owned(),
        };
        requests.push((slot.to_string(), write(&draft.with(&slot, text))));
        if has_object || endpoint.graphql.is_some() {
            continue;
        }
        let object = match &slot {
            Slot::Query(name) => {
                draft.without(&slot).with(&Slot::Query(format!("{name}[$dw]")), Value::from("1"))
            }
            Slot::Body(_) => draft.with(&slot, json!({ "$dw": ["1"] })),
            _ => continue,
        };
        has_object = true;
        requests.push((slot.to_string(), write(&object)));
    }
    requests
}

async fn try_one(
    p: &Prober<'_>,
    control: &Control,
    slot: &str,
    probe: Probe,
    found: &mut HashMap<Told, Found>,
    tried: &mut Tried,
) -> Result<(), Stop> {
    let operation = p.surface.endpoint(control.endpoint).name();
    let reply = p.ask_as(control.draft.clone(), probe.clone(), control.who).await?;
    if reply.is_served {
        // What was stored elsewhere may look like an error: only answers that are errors count.
        if p.surface.endpoint(control.endpoint).is_creation() {
            // It is remembered, so that it is removed in the end.
            let _ = p.made(reply, control.who);
        }
        return Ok(());
    }
    let ordinary = told(&control.reply.text());
    let new: Vec<(Told, String)> = told(&reply.text())
        .into_iter()
        .filter(|(kind, _)| !ordinary.iter().any(|(known, _)| known == kind))
        .collect();
    if new.is_empty() {
        tried.shut(&reply.seen);
        return Ok(());
    }
    for (kind, line) in new {
        if let Some(known) = found.get_mut(&kind) {
            if !known.operations.contains(&operation) {
                known.operations.push(operation.clone());
            }
            continue;
        }
        // Twice, or it was a chance.
        let again = p.ask_as(control.draft.clone(), probe.clone(), control.who).await?;
        if told(&again.text()).iter().any(|(known, _)| *known == kind) {
            let message = format!("the error tells {}: {line}", kind.words());
            let hole = Hole::shown(&operation, slot, message, &control.reply, &reply);
            found.insert(kind, Found { hole, operations: vec![operation.clone()] });
        }
    }
    Ok(())
}

//! Where an attack aims: slots that take a text or a number, and operations that only read.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::answer::Reply;
use crate::attack::Tried;
use crate::census::{Control, shape_of};
use crate::prober::{Baseline, Prober, Stop};
use crate::request::{Draft, Slot};
use crate::surface::shape::fold;
use crate::surface::words::words;
use crate::surface::{Endpoint, Kind, Role};
use crate::who::Who;

/// What a slot takes, as far as the document and its ordinary value tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Texts.
    Text,
    /// Numbers.
    Number,
    /// A number stands there, and the document does not say that it must.
    Either,
    /// Neither: true or false, lists, objects.
    Other,
}

/// An operation, one of its slots, and the ordinary request with a value in that slot.
pub(super) struct Aim {
    pub(super) control: Arc<Control>,
    pub(super) operation: String,
    pub(super) slot: Slot,
    pub(super) takes: Takes,
    pub(super) baseline: Arc<Baseline>,
}

impl Aim {
    /// The request with this text in the slot.
    pub(super) fn with(&self, text: impl Into<String>) -> Draft {
        self.baseline.draft.with(&self.slot, text.into())
    }

    /// The request with this text behind the ordinary value.
    pub(super) fn behind(&self, text: &str) -> Draft {
        self.with(format!("{}{text}", self.baseline.text))
    }
}

/// Every slot of every operation that serves an ordinary request.
pub(super) fn all(p: &Prober<'_>) -> Vec<(Arc<Control>, Slot)> {
    let of = |control: Arc<Control>| {
        let slots = control.slots(p.surface.endpoint(control.endpoint));
        slots.into_iter().map(move |slot| (control.clone(), slot)).collect::<Vec<_>>()
    };
    p.controls().into_iter().flat_map(of).collect()
}

/// Tries every slot that an attack is meant for.
pub(super) async fn each<'a>(
    p: &'a Prober<'a>,
    tried: &mut Tried,
    is_meant: impl Fn(&Control, &Slot) -> bool,
    attempt: impl for<'t> Fn(&'t Prober<'t>, &'t Aim, &'t mut Tried) -> BoxFuture<'t, Result<(), Stop>>,
) -> Result<(), Stop> {
    for (control, slot) in all(p).into_iter().filter(|(control, slot)| is_meant(control, slot)) {
        let result = match at(p, &control, &slot, tried).await {
            Ok(Some(aim)) => attempt(p, &aim, tried).await,
            Ok(None) => Ok(()),
            Err(stop) => Err(stop),
        };
        tried.take(result)?;
    }
    Ok(())
}

/// The aim at a slot. `None` with a note where it cannot be tried; nothing is noted where it makes no sense.
pub(super) async fn at(
    p: &Prober<'_>,
    control: &Arc<Control>,
    slot: &Slot,
    tried: &mut Tried,
) -> Result<Option<Aim>, Stop> {
    let endpoint = p.surface.endpoint(control.endpoint);
    let operation = endpoint.name();
    if endpoint.is_removal() {
        tried.not_tried(format!("{operation}: each try would need a new object to remove"));
        return Ok(None);
    }
    let takes = takes(endpoint, slot, control.draft.text(slot).as_deref());
    if takes == Takes::Other {
        return Ok(None);
    }
    let Some(baseline) = p.baseline(control, slot).await? else {
        tried.not_tried(format!("{operation}, {slot}: an ordinary value is not served"));
        return Ok(None);
    };
    Ok(Some(Aim { control: control.clone(), operation, slot: slot.clone(), takes, baseline }))
}

fn takes(endpoint: &Endpoint, slot: &Slot, text: Option<&str>) -> Takes {
    let is_number = text.is_some_and(|text| text.parse::<f64>().is_ok());
    match shape_of(endpoint, slot).map(|shape| &shape.kind) {
        Some(Kind::Text) => {
            if is_number {
                Takes::Either
            } else {
                Takes::Text
            }
        }
        Some(Kind::Integer | Kind::Number) => Takes::Number,
        Some(Kind::Any) | None => {
            if is_number {
                Takes::Either
            } else {
                Takes::Text
            }
        }
        Some(Kind::Boolean | Kind::List(_) | Kind::Object(_)) => Takes::Other,
    }
}

/// Sends a draft, and remembers what it makes, so that it is removed in the end.
pub(super) async fn send(p: &Prober<'_>, draft: &Draft, who: Who) -> Result<Reply, Stop> {
    let reply = p.ask(draft, who).await?;
    let endpoint = p.surface.endpoint(draft.endpoint);
    if endpoint.is_creation() && endpoint.role != Role::Register && !is_read_like(endpoint) {
        p.made(reply.clone(), who);
    }
    Ok(reply)
}

/// Whether an operation only reads: by its method, or as a search that takes a body.
pub(super) fn is_read_like(endpoint: &Endpoint) -> bool {
    let reads = [
        "search",
        "find",
        "query",
        "filter",
        "lookup",
        "list",
        "check",
        "preview",
        "calculate",
        "count",
        "report",
        "suggest",
        "validate",
        "verify",
        "compare",
        "estimate",
        "quote",
    ];
    let last = endpoint.segments().filter(|segment| !segment.starts_with('{')).last().unwrap_or("");
    endpoint.is_read()
        || (endpoint.method == http::Method::POST
            && endpoint.graphql.is_none()
            && words(last).iter().any(|word| reads.contains(&word.as_str())))
}

/// Whether a name has one of these in it.
pub(super) fn is_called(name: &str, parts: &[&str]) -> bool {
    let folded = fold(name);
    parts.iter().any(|part| folded.contains(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Surface;

    fn surface() -> Surface {
        let document = json!({ "openapi": "3.1.0", "paths": {
            "/orders": { "get": { "parameters": [
                { "name": "q", "in": "query", "schema": { "type": "string" } },
                { "name": "page", "in": "query", "schema": { "type": "integer" } },
                { "name": "open", "in": "query", "schema": { "type": "boolean" } },
                { "name": "any", "in": "query" },
            ] }, "post": {} },
            "/orders/search": { "post": {} }, "/orders/{id}": { "put": {} },
        } });
        Surface::of(
            &openapi::Document::parse(&openapi::Source::new("api.json", document.to_string()), None).unwrap(),
        )
    }

    #[test]
    fn a_slot_takes_what_the_document_says_or_what_stands_there() {
        let surface = surface();
        for (name, text, expected) in [
            ("q", Some("a"), Takes::Text),
            ("q", Some("7"), Takes::Either),
            ("page", Some("7"), Takes::Number),
            ("open", Some("true"), Takes::Other),
            ("any", None, Takes::Text),
            ("any", Some("1.5"), Takes::Either),
        ] {
            assert_eq!(takes(&surface.endpoints[0], &Slot::Query(name.into()), text), expected, "{name}");
        }
    }

    #[test]
    fn a_search_reads_whatever_its_method() {
        for endpoint in &surface().endpoints {
            let expected = matches!(endpoint.name().as_str(), "GET /orders" | "POST /orders/search");
            assert_eq!(is_read_like(endpoint), expected, "{}", endpoint.name());
        }
    }
}

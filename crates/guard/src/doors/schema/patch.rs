//! JSON Patch (RFC 6902): each operation names what it changes, which must be on the route's list.

use http::StatusCode;
use inputs::{ParsedBody, is_same_name};
use openapi::{MediaType, Pointer};
use serde_json::{Map, Value};

use super::refusals::{MAX_ERRORS, refuse_properties};
use crate::decision::{Decision, Refusal};
use crate::events::evidence::Evidence;
use crate::exchange::{Exchange, HeldBody};
use crate::wire::headers::media_type;

pub(super) const MEDIA_TYPE: &str = "application/json-patch+json";

/// Judges a patch by its declared schema and by the route's list.
pub(super) fn declared(x: &Exchange<'_>, media: &MediaType, value: &Value) -> Decision {
    let errors = media.errors(value, MAX_ERRORS);
    if !errors.is_empty() {
        let mut refusal = malformed("not a JSON Patch as declared");
        refusal.errors = errors;
        return Decision::Refuse(refusal);
    }
    x.route.schema.patch_paths.as_ref().map_or(Decision::Pass, |allowed| listed(allowed, value))
}

/// Judges what some server reads as a patch by the route's list, where there is no document. `None` when it is not
/// declared to be one, so that other lists hold for it as well.
pub(super) fn undeclared(x: &Exchange<'_>, allowed: &[Pointer], body: &HeldBody) -> Option<Decision> {
    let is_patch = media_type(&x.headers) == MEDIA_TYPE;
    let values = body.readings().filter_map(|reading| match reading {
        ParsedBody::Json(value) => Some(value),
        _ => None,
    });
    // A server that patches need not look at the media type.
    let refused = values.filter(|value| is_patch || is_like_a_patch(value)).find_map(|value| {
        Some(listed(allowed, value)).filter(|decision| !matches!(decision, Decision::Pass))
    });
    refused.or_else(|| is_patch.then_some(Decision::Pass))
}

fn is_like_a_patch(value: &Value) -> bool {
    let has = |operation: &Map<String, Value>, name| operation.keys().any(|known| is_same_name(known, name));
    let operations = value.as_array().into_iter().flatten().filter_map(Value::as_object);
    operations.into_iter().any(|operation| has(operation, "op") && has(operation, "path"))
}

/// Judges each operation by the list.
fn listed(allowed: &[Pointer], value: &Value) -> Decision {
    let Some(operations) = value.as_array() else {
        return Decision::Refuse(malformed("not a list of operations"));
    };
    let mut foreign = Vec::new();
    for operation in operations {
        let Some(operation) = operation.as_object().filter(|operation| operation.contains_key("path")) else {
            return Decision::Refuse(malformed("an operation without a `path`"));
        };
        if let Some(name) = operation.keys().find(|name| is_disguised(name)) {
            return refuse_properties(&[format!("/{name}")]);
        }
        for path in ["path", "from"].iter().filter_map(|key| operation.get(*key)) {
            let Some(path) = path.as_str() else {
                return Decision::Refuse(malformed("an operation whose `path` or `from` is no text"));
            };
            if !allowed.iter().any(|pointer| pointer.covers(path)) {
                foreign.push(path.to_owned());
            }
        }
    }
    if foreign.is_empty() { Decision::Pass } else { refuse_properties(&foreign) }
}

/// Whether a member is another spelling of one that means something: parsers that mind no case take the last.
fn is_disguised(name: &str) -> bool {
    ["op", "path", "from", "value"].iter().any(|known| name != *known && is_same_name(name, known))
}

fn malformed(why: &'static str) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "body", Evidence::from(why))
}

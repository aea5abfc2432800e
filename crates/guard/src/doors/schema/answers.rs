//! What a response schema does not show does not leave.

use http::StatusCode;
use openapi::{Direction, MediaType, ShapeId};
use policy::{BodyHandling, BuiltInDoor, ResponseProperties, UnreadableResponses};

use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::decision::{Decision, Refusal};
use crate::doors::Step;
use crate::doors::inspector::{Extent, Head, Held, Inspector, begins_as_json};
use crate::engine::Engine;
use crate::events::Verdict;
use crate::events::evidence::Evidence;
use crate::exchange::Exchange;

/// Removes the properties that the declared response does not have.
pub(crate) struct Answers;

impl Inspector for Answers {
    fn door(&self) -> Option<DoorId> {
        Some(BuiltInDoor::Schema.into())
    }

    fn expects(&self, _: &Engine, x: &Exchange<'_>) -> Option<Extent> {
        let responses = || x.operation().into_iter().flat_map(|operation| &operation.responses);
        let mut media = responses().flat_map(|response| &response.content);
        let is_expected = x.route.schema.responses == ResponseProperties::Strip
            && x.route.protocol.body != BodyHandling::Stream
            && media.any(|media| media.shape.is_some_and(|shape| hides(x, shape)));
        is_expected.then_some(Extent::Whole)
    }

    fn wants(&self, _: &Engine, x: &Exchange<'_>, head: &Head) -> bool {
        x.route.schema.responses == ResponseProperties::Strip
            && shape(x, head).is_some_and(|shape| hides(x, shape))
    }

    fn inspect<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        held: &'a mut Held,
    ) -> Step<'a> {
        match held.fault() {
            Some(why) => unreadable(x, "response-unreadable", &format!("the response: {why}")).into(),
            None => {
                strip(ruling, x, held);
                Step::PASS
            }
        }
    }

    fn too_large<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, head: &Head, read: &[u8]) -> Decision {
        if !head.is_json && !begins_as_json(read) {
            return Decision::Pass;
        }
        let limit = ruling.engine.policy.protocol.max_decoded_body;
        unreadable(x, "response-too-large", &format!("a response over {limit} (`max_decoded_body`)"))
    }
}

/// What happens to an answer whose properties cannot be seen, and so not be removed.
fn unreadable(x: &Exchange<'_>, rule: &'static str, what: &str) -> Decision {
    let evidence = format!("{what}; its properties cannot be stripped (`[schema] unreadable`)");
    // A streamed answer is longer than what is held by design.
    match x.route.schema.unreadable {
        UnreadableResponses::Refuse if x.route.protocol.body != BodyHandling::Stream => {
            Decision::Refuse(Refusal::new(StatusCode::BAD_GATEWAY, rule, evidence))
        }
        _ => Decision::report(rule, evidence),
    }
}

fn strip(ruling: Ruling<'_>, x: &Exchange<'_>, held: &mut Held) {
    let (Some(shape), Some(document)) = (shape(x, &held.head), x.site.document) else {
        return;
    };
    let Some(value) = held.value() else { return };
    let before = (!enforced(x, BuiltInDoor::Schema)).then(|| value.clone());
    let removed = document.shapes.strip(shape, value, Direction::Response, &x.route.schema.allow_properties);
    if removed.is_empty() {
        return;
    }
    let verdict = if before.is_none() { Verdict::Rewritten } else { Verdict::WouldRewrite };
    let evidence = Evidence::names(removed);
    ruling.note(x, BuiltInDoor::Schema.name(), "response-property", verdict, None, &evidence);
    match before {
        Some(before) => *value = before,
        None => held.change(),
    }
}

/// Whether a shape lets less through than any value.
fn hides(x: &Exchange<'_>, shape: ShapeId) -> bool {
    x.site.document.is_some_and(|document| document.shapes.hides(shape, Direction::Response))
}

/// The shape of the declared response for a status and media type. Text of a type that is not declared is held to the
/// shape of the JSON that is: clients read JSON whatever its type says.
fn shape(x: &Exchange<'_>, head: &Head) -> Option<ShapeId> {
    let response = x.operation()?.response(head.status.as_u16())?;
    let is_text = head.essence.is_empty() || head.essence.starts_with("text/");
    match MediaType::select(&response.content, &head.essence) {
        _ if head.essence == "text/event-stream" => None,
        Some(media) if head.is_json || is_text => media.shape,
        None if head.is_json || is_text => MediaType::json(&response.content)?.shape,
        _ => None,
    }
}

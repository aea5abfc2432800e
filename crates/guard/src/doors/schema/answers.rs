//! What a response schema does not show does not leave.

use openapi::{Direction, MediaType, ShapeId};
use policy::{BodyHandling, BuiltInDoor, ResponseProperties};

use crate::decision::Decision;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::doors::Step;
use crate::doors::inspector::{Head, Held, Inspector};
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

    fn judges_by_route(&self) -> bool {
        true
    }

    fn expects(&self, _: &Engine, x: &Exchange<'_>) -> bool {
        x.route.schema.responses == ResponseProperties::Strip
            && x.route.protocol.body != BodyHandling::Stream
            && x.operation()
                .is_some_and(|o| o.responses.iter().any(|r| r.content.iter().any(|m| m.shape.is_some())))
    }

    fn wants(&self, _: &Engine, x: &Exchange<'_>, head: &Head) -> bool {
        head.is_json && x.route.schema.responses == ResponseProperties::Strip && shape(x, head).is_some()
    }

    fn inspect<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        held: &'a mut Held,
    ) -> Step<'a> {
        strip(ruling, x, held);
        Step::PASS
    }

    fn too_large<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, _: &[u8]) -> Decision {
        let evidence = "a response that is too large to strip".into();
        let rule = "response-too-large";
        ruling.note(x, BuiltInDoor::Schema.name(), rule, Verdict::WouldRewrite, None, &evidence);
        Decision::Pass
    }
}

fn strip(ruling: Ruling<'_>, x: &Exchange<'_>, held: &mut Held) {
    let (Some(shape), Some(document)) = (shape(x, &held.head), &ruling.engine.policy.document) else {
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

/// The shape of the declared response for a status and media type.
fn shape(x: &Exchange<'_>, head: &Head) -> Option<ShapeId> {
    let response = x.operation()?.response(head.status.as_u16())?;
    MediaType::select(&response.content, &head.essence)?.shape
}

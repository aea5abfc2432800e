//! Texts that an attacker stores: each with a token of its own, so that a later answer tells where it came from.

use std::sync::Arc;

use serde_json::Value;

use super::object::Written;
use super::token::token;
use super::{Prober, Stop};
use crate::answer::values::is_id_name;
use crate::census::Control;
use crate::request::{Draft, Slot};
use crate::surface::shape::fold;
use crate::surface::{Endpoint, Kind, Role};
use crate::who::Who;

/// The most slots of one operation that are written.
const MAX_SLOTS: usize = 12;

/// Makes a text that has a token in it.
pub(crate) type Text<'t> = &'t (dyn Fn(&str) -> String + Sync);

impl Prober<'_> {
    /// Stores a text with a token in every slot of every creation and change that takes free text. All slots of an
    /// operation are filled in one request; where that is refused, one after the other.
    pub(crate) async fn write_texts(&self, who: Who, text: Text<'_>) -> Result<Vec<Written>, Stop> {
        let mut written = Vec::new();
        for at in 0..self.surface.endpoints.len() {
            let endpoint = self.surface.endpoint(at);
            let stores = !endpoint.is_read() && !endpoint.is_removal() && endpoint.role == Role::Ordinary;
            let Some(control) = self.control(at, who).filter(|_| stores) else { continue };
            let slots = text_slots(&control, endpoint);
            match self.write_in(&control, &slots, text).await {
                Ok(all) if all.is_empty() && slots.len() > 1 => {
                    for slot in slots {
                        written.extend(self.write_in(&control, &[slot], text).await.or_else(no_answer)?);
                    }
                }
                other => written.extend(other.or_else(no_answer)?),
            }
        }
        Ok(written)
    }

    /// Stores such a text in these slots, in one request. Nothing where it is refused.
    pub(crate) async fn write_in(
        &self,
        control: &Arc<Control>,
        slots: &[Slot],
        text: Text<'_>,
    ) -> Result<Vec<Written>, Stop> {
        let endpoint = self.surface.endpoint(control.endpoint);
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        let mut draft = control.draft.clone();
        let tokens: Vec<String> = slots.iter().map(|_| token()).collect();
        for (slot, token) in slots.iter().zip(&tokens) {
            draft = control_with(&draft, control, endpoint, slot).with(slot, text(token));
        }
        let reply = self.ask(&draft, control.who).await?;
        if !reply.is_served {
            return Ok(Vec::new());
        }
        // What is made is remembered, so that it is removed in the end.
        let made = if endpoint.is_creation() { self.made(reply.clone(), control.who) } else { None };
        let all = slots.iter().zip(tokens);
        let written = |(slot, token): (&Slot, String)| Written {
            control: control.clone(),
            slot: slot.clone(),
            token,
            reply: reply.clone(),
            made: made.clone(),
        };
        Ok(all.map(written).collect())
    }

    /// Puts ordinary texts where a change stored others.
    pub(crate) async fn write_back(&self, written: &[Written]) -> Result<(), Stop> {
        let mut done = Vec::new();
        for one in written {
            let endpoint = self.surface.endpoint(one.control.endpoint);
            if endpoint.is_creation() || done.contains(&one.control.endpoint) {
                continue;
            }
            done.push(one.control.endpoint);
            match self.ask(&one.control.draft, one.control.who).await {
                Ok(_) | Err(Stop::NoAnswer(_) | Stop::NotAllowed(_)) => {}
                Err(ended) => return Err(ended),
            }
        }
        Ok(())
    }
}

fn no_answer(stop: Stop) -> Result<Vec<Written>, Stop> {
    match stop {
        Stop::NoAnswer(_) | Stop::NotAllowed(_) => Ok(Vec::new()),
        ended => Err(ended),
    }
}

fn control_with(draft: &Draft, control: &Control, endpoint: &Endpoint, slot: &Slot) -> Draft {
    if draft.value(slot).is_some() {
        return draft.clone();
    }
    match control.with_slot(endpoint, slot).value(slot) {
        Some(value) => draft.with(slot, value),
        None => draft.clone(),
    }
}

/// The slots of a body that take free text.
fn text_slots(control: &Control, endpoint: &Endpoint) -> Vec<Slot> {
    let slots = control.slots(endpoint).into_iter().filter(|slot| is_free_text(control, endpoint, slot));
    slots.take(MAX_SLOTS).collect()
}

/// Whether a slot of a body takes free text, by its shape, its name and what stands there.
fn is_free_text(control: &Control, endpoint: &Endpoint, slot: &Slot) -> bool {
    let Slot::Body(at) = slot else { return false };
    let name = fold(slot.name());
    let is_other =
        ["mail", "url", "uri", "date", "phone", "pass", "token", "secret", "uuid", "currency", "status"];
    if is_id_name(slot.name()) || is_other.iter().any(|word| name.contains(word)) {
        return false;
    }
    let shape =
        endpoint.body.as_ref().and_then(|body| body.shape.leaves().into_iter().find(|(leaf, _)| leaf == at));
    match shape {
        Some((_, shape)) => {
            matches!(shape.kind, Kind::Text | Kind::Any) && !shape.is_closed && shape.format.is_none()
        }
        None => control.draft.value(slot).is_some_and(|value| matches!(value, Value::String(_))),
    }
}

//! What has to see the body of an answer before it leaves.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, ETAG, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use inputs::{StructureLimits, parse_json};
use serde_json::Value;

use super::Step;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::wire::headers::media_type;

/// Sees the body of an answer. Answers that no inspector wants are streamed through.
pub(crate) trait Inspector: Sync {
    /// The door that it is a part of. What belongs to none is asked on every route.
    fn door(&self) -> Option<DoorId>;

    /// Whether it judges by what the route or the operation says ([`Door::judges_by_route`](super::Door)).
    fn judges_by_route(&self) -> bool {
        false
    }

    /// Whether it may want to see the answer to this request, which is then asked for without a content coding.
    fn expects(&self, engine: &Engine, x: &Exchange<'_>) -> bool;

    /// Whether it can judge a whole answer only: no range, no `304`, and not the empty one to a `HEAD`.
    fn needs_whole(&self, _: &Engine, _: &Exchange<'_>) -> bool {
        false
    }

    /// Whether it has to see the body of this answer.
    fn wants(&self, engine: &Engine, x: &Exchange<'_>, head: &Head) -> bool;

    /// Judges, and changes, the body that it wanted.
    fn inspect<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>, held: &'a mut Held)
    -> Step<'a>;

    /// Whether a look over the text shows that it has nothing to object to and nothing to change.
    fn is_clean(&self, _: &Engine, _: &Exchange<'_>, _: &Held) -> bool {
        false
    }

    /// The answer leaves, and it has not seen the body because it did not want to.
    fn unseen<'e>(&self, _: Ruling<'e>, _: &mut Exchange<'e>, _: &Head) -> Decision {
        Decision::Pass
    }

    /// The refusal of an answer that it wanted and that is too large to be held, when such an answer must not leave.
    fn insists(&self, _: &Engine) -> Option<Refusal> {
        None
    }

    /// The answer that it wanted is too large, and leaves; this is the beginning of it.
    fn too_large<'e>(&self, _: Ruling<'e>, _: &mut Exchange<'e>, _: &[u8]) -> Decision {
        Decision::Pass
    }
}

/// What the head of an answer shows.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    /// Its media type, without parameters.
    pub(crate) essence: String,
    pub(crate) is_json: bool,
}

impl Head {
    pub(crate) fn new(parts: &Parts) -> Self {
        let essence = media_type(&parts.headers);
        let is_json = essence == "application/json" || essence.ends_with("+json");
        Head { status: parts.status, essence, is_json }
    }
}

/// An answer whose body is held.
pub(crate) struct Held {
    pub(crate) head: Head,
    /// The body without its content coding; empty when it cannot be decoded.
    pub(crate) text: Bytes,
    wire: Bytes,
    value: Parsed,
    changed: bool,
    sealed: bool,
}

enum Parsed {
    NotYet,
    Done(Option<Value>),
}

impl Held {
    pub(crate) fn new(head: Head, wire: Bytes, text: Bytes) -> Self {
        Held { head, text, wire, value: Parsed::NotYet, changed: false, sealed: false }
    }

    /// The body, where it is JSON. Parsed when it is first asked for.
    pub(crate) fn value(&mut self) -> Option<&mut Value> {
        if matches!(self.value, Parsed::NotYet) {
            let structure = StructureLimits { depth: 128, members: usize::MAX };
            let value = if self.head.is_json { parse_json(&self.text, structure).ok() } else { None };
            self.value = Parsed::Done(value);
        }
        match &mut self.value {
            Parsed::Done(value) => value.as_mut(),
            Parsed::NotYet => None,
        }
    }

    /// The value was changed, and is what leaves.
    pub(crate) fn change(&mut self) {
        self.changed = true;
    }

    /// The answer leaves unchanged and unjudged by later inspectors: a door in observe mode has found something.
    pub(crate) fn seal(&mut self) {
        self.sealed = true;
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Whether it is a part of a representation (RFC 9110 §15.3.7).
    pub(crate) fn is_partial(&self) -> bool {
        self.head.status == StatusCode::PARTIAL_CONTENT
    }

    /// The body that leaves, with the headers that fit it.
    pub(crate) fn into_body(self, headers: &mut HeaderMap) -> Bytes {
        match self.value {
            Parsed::Done(Some(value)) if self.changed && !self.sealed => {
                headers.remove(CONTENT_ENCODING);
                headers.remove(TRANSFER_ENCODING);
                // What was changed is no longer what the upstream's validator names.
                headers.remove(ETAG);
                let body = Bytes::from(value.to_string());
                headers.insert(CONTENT_LENGTH, body.len().into());
                body
            }
            _ => self.wire,
        }
    }
}

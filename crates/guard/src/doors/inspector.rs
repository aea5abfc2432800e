//! What has to see the body of an answer before it leaves.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, ETAG, HeaderValue, RETRY_AFTER, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use inputs::{JsonError, StructureLimits, parse_json};
use serde_json::Value;

use super::Step;
use crate::decision::Decision;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
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

    /// How much it may have to see of the answer to this request, which is then asked for without a content coding;
    /// `None` where it wants to see nothing of it.
    fn expects(&self, engine: &Engine, x: &Exchange<'_>) -> Option<Extent>;

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

    /// The answer that it wanted is too large to be held; this is the beginning of it. What is not refused leaves.
    fn too_large<'e>(&self, _: Ruling<'e>, _: &mut Exchange<'e>, _: &Head, _: &[u8]) -> Decision {
        Decision::Pass
    }
}

/// How much of an answer has to be seen. What would keep the upstream from sending it is taken out of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    /// What the upstream sends.
    Any,
    /// No part of it alone: no range.
    Whole,
    /// The whole, also where the client would do without it: no range, no `304`, and not the empty one to a `HEAD`.
    Always,
}

/// What the head of an answer shows.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    /// Its media type, without parameters.
    pub(crate) essence: String,
    pub(crate) is_json: bool,
    /// `Retry-After` of a failure.
    pub(crate) retry_after: Option<HeaderValue>,
}

impl Head {
    pub(crate) fn new(parts: &Parts) -> Self {
        let essence = media_type(&parts.headers);
        let is_json = inputs::is_json(&essence);
        let fails = parts.status.is_server_error();
        let retry_after = parts.headers.get(RETRY_AFTER).filter(|_| fails).cloned();
        Head { status: parts.status, essence, is_json, retry_after }
    }
}

/// Whether a text begins as a JSON object or a list does that some client reads whatever the media type says.
pub(crate) fn begins_as_json(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    let Some((first, rest)) = text.split_first() else { return false };
    matches!(
        (first, rest.trim_ascii_start().first()),
        (b'{', Some(b'"' | b'}')) | (b'[', Some(b'{' | b'[' | b'"' | b']'))
    )
}

/// An answer whose body is held.
pub(crate) struct Held {
    pub(crate) head: Head,
    /// The body without its content coding; empty when it cannot be decoded.
    pub(crate) text: Bytes,
    is_decoded: bool,
    wire: Bytes,
    value: Parsed,
    changed: bool,
    is_replaced: bool,
}

enum Parsed {
    NotYet,
    Done(Result<Value, JsonError>),
    /// It is not JSON by its media type, and does not begin so.
    Other,
}

impl Held {
    /// `text` is nothing where the content coding cannot be undone.
    pub(crate) fn new(head: Head, wire: Bytes, text: Option<Bytes>) -> Self {
        let (is_decoded, text) = (text.is_some(), text.unwrap_or_default());
        Held { head, text, is_decoded, wire, value: Parsed::NotYet, changed: false, is_replaced: false }
    }

    /// The body, where it is JSON, whatever its media type says. Parsed when it is first asked for.
    pub(crate) fn value(&mut self) -> Option<&mut Value> {
        if matches!(self.value, Parsed::NotYet) {
            let structure = StructureLimits { depth: 128, members: usize::MAX };
            self.value = match self.head.is_json || begins_as_json(&self.text) {
                true => Parsed::Done(parse_json(&self.text, structure)),
                false => Parsed::Other,
            };
        }
        match &mut self.value {
            Parsed::Done(value) => value.as_mut().ok(),
            _ => None,
        }
    }

    /// Why a body that some client reads as JSON cannot be read alike by everybody; `None` where it can be, or is no JSON.
    pub(crate) fn fault(&mut self) -> Option<String> {
        self.value();
        match &self.value {
            _ if !self.is_decoded => Some("its content coding cannot be undone".to_owned()),
            Parsed::Done(Err(error)) => Some(error.to_string()),
            _ => None,
        }
    }

    /// Another text leaves in its place, without a content coding.
    pub(crate) fn replace(&mut self, text: Bytes) {
        (self.text, self.is_decoded, self.is_replaced) = (text, true, true);
        (self.value, self.changed) = (Parsed::NotYet, false);
    }

    /// The value was changed, and is what leaves.
    pub(crate) fn change(&mut self) {
        self.changed = true;
    }

    /// Whether it is a part of a representation (RFC 9110 §15.3.7).
    pub(crate) fn is_partial(&self) -> bool {
        self.head.status == StatusCode::PARTIAL_CONTENT
    }

    /// The body that leaves, with the headers that fit it.
    pub(crate) fn into_body(self, headers: &mut HeaderMap) -> Bytes {
        let body = match self.value {
            Parsed::Done(Ok(value)) if self.changed => Bytes::from(value.to_string()),
            _ if self.is_replaced => self.text,
            _ => return self.wire,
        };
        headers.remove(CONTENT_ENCODING);
        headers.remove(TRANSFER_ENCODING);
        // What was changed is no longer what the upstream's validator names.
        headers.remove(ETAG);
        headers.insert(CONTENT_LENGTH, body.len().into());
        body
    }
}

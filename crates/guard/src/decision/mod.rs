//! What a door answers, and what a refused client gets to see.

pub(crate) mod door_id;
pub(crate) mod ruling;

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use inputs::StreamError;
use inputs::grpc::GrpcError;
use policy::BuiltInDoor;

use crate::events::evidence::Evidence;
use crate::exchange::id::EventId;
use crate::held::OverBudget;
use crate::wire::messages::MessageError;
use crate::wire::window::StreamFault;

/// A door's answer about an exchange.
#[derive(Debug)]
pub enum Decision {
    /// Nothing to object to.
    Pass,
    /// It may pass when this is changed.
    Rewrite(Rewrite),
    /// It may not pass.
    Refuse(Refusal),
    /// It passes, and the operator gets an event: the rule and what was seen.
    Report(Cow<'static, str>, Box<Evidence>),
    /// The door answers itself (a CORS preflight).
    Answer(Response<Bytes>),
}

impl Decision {
    /// Passes with an event for the operator.
    pub fn report(rule: impl Into<Cow<'static, str>>, evidence: impl Into<Evidence>) -> Self {
        Decision::Report(rule.into(), Box::new(evidence.into()))
    }
}

/// A change that a door makes.
#[derive(Debug)]
pub struct Rewrite {
    /// Which rule of the door asks for it.
    pub rule: Cow<'static, str>,
    /// What is changed, for the operator.
    pub evidence: Box<Evidence>,
    /// The change.
    pub change: Change,
}

impl Rewrite {
    /// A change with a rule and what is changed.
    pub fn new(rule: impl Into<Cow<'static, str>>, evidence: impl Into<Evidence>, change: Change) -> Self {
        Rewrite { rule: rule.into(), evidence: Box::new(evidence.into()), change }
    }
}

/// The changes that a door can make.
#[derive(Debug)]
pub enum Change {
    /// Request headers to replace, or to leave out.
    Headers(Vec<(HeaderName, Option<HeaderValue>)>),
    /// A new query (without `?`); none when empty.
    Query(String),
    /// A new body, in identity encoding.
    Body(Bytes),
}

/// Why an exchange is refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Status for the client.
    pub status: StatusCode,
    /// Which rule of the door, for the operator.
    pub rule: Cow<'static, str>,
    /// What was seen, for the operator; secrets redacted.
    pub evidence: Box<Evidence>,
    /// Headers that the status asks for (`Retry-After`, `WWW-Authenticate`, `Allow`).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What a well-meaning client has to mend: JSON Pointer or parameter, and reason. No values.
    pub errors: Vec<(String, String)>,
    /// The door that refuses, when another one asked it.
    pub(crate) door: Option<BuiltInDoor>,
}

impl Refusal {
    /// A refusal with a status, a rule and what was seen.
    pub fn new(
        status: StatusCode,
        rule: impl Into<Cow<'static, str>>,
        evidence: impl Into<Evidence>,
    ) -> Self {
        let (rule, evidence) = (rule.into(), Box::new(evidence.into()));
        Refusal { status, rule, evidence, headers: Vec::new(), errors: Vec::new(), door: None }
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The answer as problem details (RFC 9457): status, title and event id, never the rule or the payload.
    pub fn response(&self, id: EventId) -> Response<Bytes> {
        let mut response = problem(self.status, id, &self.errors);
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}

impl From<OverBudget> for Refusal {
    fn from(over: OverBudget) -> Self {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "held-bytes", over.to_string())
            .header(RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

impl From<StreamFault> for Refusal {
    fn from(fault: StreamFault) -> Self {
        let (status, rule) = match fault {
            StreamFault::Message(error) => return error.into(),
            StreamFault::OverBudget(over) => return over.into(),
            StreamFault::TooLong(_) | StreamFault::Part(StreamError::FieldTooLarge(_)) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large")
            }
            StreamFault::Part(_) => (StatusCode::BAD_REQUEST, "body-unreadable"),
        };
        Refusal::new(status, rule, fault.to_string())
    }
}

impl From<MessageError> for Refusal {
    fn from(error: MessageError) -> Self {
        let (status, rule) = match error {
            MessageError::Framing => (StatusCode::BAD_REQUEST, "grpc-message"),
            MessageError::Coding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "grpc-encoding"),
            MessageError::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
            MessageError::Unread(GrpcError::TooMany(_)) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-many-values")
            }
            MessageError::Unread(GrpcError::TooDeep) => (StatusCode::BAD_REQUEST, "body-unreadable"),
            MessageError::OverBudget(over) => return over.into(),
        };
        Refusal::new(status, rule, error.to_string())
    }
}

/// What a status says, for people. One that no standard has says what its class does (RFC 9110 §15).
pub(crate) fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or(match status.as_u16() {
        500.. => "Server Error",
        400.. => "Client Error",
        _ => "Unknown Status",
    })
}

/// An answer as problem details.
pub fn problem(status: StatusCode, id: EventId, errors: &[(String, String)]) -> Response<Bytes> {
    let mut body = serde_json::json!({
        "type": "about:blank",
        "title": title(status),
        "status": status.as_u16(),
        "instance": format!("urn:doorward:event:{id}"),
    });
    if let (false, Some(members)) = (errors.is_empty(), body.as_object_mut()) {
        let error = |(at, reason): &(String, String)| serde_json::json!({ "pointer": at, "detail": reason });
        members.insert("errors".into(), errors.iter().map(error).collect());
    }
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_title() {
        for (status, expected) in [
            (404, "Not Found"),
            (422, "Unprocessable Entity"),
            (444, "Client Error"),
            (499, "Client Error"),
            (503, "Service Unavailable"),
            (520, "Server Error"),
            (599, "Server Error"),
            (999, "Server Error"),
            (299, "Unknown Status"),
        ] {
            assert_eq!(title(StatusCode::from_u16(status).unwrap()), expected, "{status}");
        }
    }
}

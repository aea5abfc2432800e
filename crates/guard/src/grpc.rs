//! Refusals as clients of gRPC read them: an answer without a body, whose head says the status (a trailers-only response).

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use crate::exchange::Exchange;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// An answer that the gate made, in the form that its client reads.
pub(crate) fn told(x: &Exchange<'_>, mut response: Response<Bytes>) -> Response<Bytes> {
    let status = response.status();
    if !x.is_grpc || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    *response.status_mut() = StatusCode::OK;
    *response.body_mut() = Bytes::new();
    let reason = status.canonical_reason().unwrap_or("Refused");
    let message = format!("{reason} by the gateway, request {}", x.id).replace(' ', "%20");
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS, HeaderValue::from(code(status)));
    if let Ok(message) = HeaderValue::from_str(&message) {
        headers.insert(GRPC_MESSAGE, message);
    }
    response
}

/// The code of gRPC that says most of what a status says.
fn code(status: StatusCode) -> u16 {
    const INVALID_ARGUMENT: u16 = 3;
    const DEADLINE_EXCEEDED: u16 = 4;
    const NOT_FOUND: u16 = 5;
    const PERMISSION_DENIED: u16 = 7;
    const RESOURCE_EXHAUSTED: u16 = 8;
    const UNIMPLEMENTED: u16 = 12;
    const INTERNAL: u16 = 13;
    const UNAVAILABLE: u16 = 14;
    const UNAUTHENTICATED: u16 = 16;
    match status.as_u16() {
        401 => UNAUTHENTICATED,
        404 => NOT_FOUND,
        405 | 415 => UNIMPLEMENTED,
        408 => DEADLINE_EXCEEDED,
        413 | 429 | 431 => RESOURCE_EXHAUSTED,
        403 => PERMISSION_DENIED,
        500 => INTERNAL,
        501..=599 => UNAVAILABLE,
        _ => INVALID_ARGUMENT,
    }
}

//! What the gate says itself as clients of gRPC read it: a refusal is an answer without a body, whose head says the status
//! (a trailers-only response); one that has begun ends with the status in its trailers.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};

use crate::decision::title;
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
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    say(headers, code(status), &format!("{} by the gateway, request {}", title(status), x.id));
    response
}

/// The trailers of an answer whose upstream stops sending.
pub(crate) fn stalled(x: &Exchange<'_>) -> Option<HeaderMap> {
    x.is_grpc.then(|| {
        let mut trailers = HeaderMap::with_capacity(2);
        say(&mut trailers, UNAVAILABLE, &format!("nothing came for too long, request {}", x.id));
        trailers
    })
}

fn say(headers: &mut HeaderMap, code: u16, message: &str) {
    headers.insert(GRPC_STATUS, HeaderValue::from(code));
    if let Ok(message) = HeaderValue::from_str(&message.replace(' ', "%20")) {
        headers.insert(GRPC_MESSAGE, message);
    }
}

const UNAVAILABLE: u16 = 14;

/// The code of gRPC that says most of what a status says.
fn code(status: StatusCode) -> u16 {
    const INVALID_ARGUMENT: u16 = 3;
    const DEADLINE_EXCEEDED: u16 = 4;
    const NOT_FOUND: u16 = 5;
    const PERMISSION_DENIED: u16 = 7;
    const RESOURCE_EXHAUSTED: u16 = 8;
    const UNIMPLEMENTED: u16 = 12;
    const INTERNAL: u16 = 13;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_http_has_the_code_that_clients_act_on() {
        for (statuses, expected) in [
            (&[400, 409, 412, 414, 417, 421, 422][..], 3),
            (&[408], 4),
            (&[404], 5),
            (&[403], 7),
            (&[413, 429, 431], 8),
            (&[405, 415], 12),
            (&[500], 13),
            (&[501, 502, 503, 504, 505, 599], UNAVAILABLE),
            (&[401], 16),
        ] {
            for status in statuses {
                assert_eq!(code(StatusCode::from_u16(*status).unwrap()), expected, "{status}");
            }
        }
    }
}

//! WebSockets over HTTP/2 (RFC 8441): the upgrade of a client becomes an extended CONNECT, and its answer the one that an
//! HTTP/1.1 client waits for.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use hyper::client::conn::http2::SendRequest;
use hyper::ext::Protocol;
use sha1::{Digest, Sha1};
use tokio::time::{Instant, sleep};

use super::connect::Tunnels;
use super::request_body::RequestBody;

/// For the first frame of the upstream, in which it says what it offers.
const SETTINGS_WITHIN: Duration = Duration::from_secs(1);

/// The answer that proves to a client that its handshake was understood (RFC 6455 §4.2.2).
pub(super) struct Accept(HeaderValue);

/// Whether the upstream takes an extended CONNECT. It says so at the beginning of a connection.
pub(super) async fn is_offered(sender: &SendRequest<RequestBody>, tunnels: &Tunnels) -> bool {
    let until = Instant::now() + SETTINGS_WITHIN;
    while !tunnels.are_offered() {
        if sender.is_closed() || Instant::now() >= until {
            return false;
        }
        sleep(Duration::from_millis(5)).await;
    }
    true
}

/// Makes an extended CONNECT of a handshake. `None` if it is no handshake of a WebSocket.
pub(super) fn connect(head: &mut Parts) -> Option<Accept> {
    let is_websocket = head
        .headers
        .get(UPGRADE)
        .is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let key = head.headers.get(SEC_WEBSOCKET_KEY).filter(|_| is_websocket && head.method == Method::GET)?;
    let accept = accept(key.as_bytes())?;
    for name in [UPGRADE, CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_KEY] {
        head.headers.remove::<HeaderName>(name);
    }
    head.method = Method::CONNECT;
    head.extensions.insert(Protocol::from_static("websocket"));
    Some(accept)
}

/// The answer to the client, if the upstream has opened the WebSocket.
pub(super) fn switch<B>(response: &mut Response<B>, accept: Accept) {
    if response.status() != StatusCode::OK {
        return;
    }
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept.0);
}

fn accept(key: &[u8]) -> Option<Accept> {
    let digest =
        Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    HeaderValue::from_str(&STANDARD.encode(digest)).ok().map(Accept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_is_answered_as_the_standard_says() {
        let accept = accept(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        assert_eq!(accept.0, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}

//! Messages in the form that the other side expects: a request in that of the upstream's protocol, a response without what
//! concerned one connection.

use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, UPGRADE};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use policy::{Gateway, Upstream};

use super::pool::Reusable;
use super::request_body::RequestBody;
use super::response_body::UpstreamBody;
use super::target::Lease;
use super::tunnel::ClientSide;
use super::{hop_by_hop, tunnel};

/// A response, its connection if that can serve again, and the place that it takes at its upstream.
pub(super) type Received = (Response<Incoming>, Option<Box<Reusable>>, Lease);

/// The request in the form of the upstream's protocol.
pub(super) fn request(
    preserve_host: bool,
    upstream: &Upstream,
    head: Parts,
    body: RequestBody,
    version: Version,
) -> Result<Request<RequestBody>, http::Error> {
    let path = head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    let mut request = Request::from_parts(head, body);
    *request.version_mut() = version;
    let headers = request.headers_mut();
    let host = match headers.get(HOST).filter(|_| preserve_host) {
        Some(host) => host.clone(),
        None => HeaderValue::from_str(upstream.authority())?,
    };
    if version == Version::HTTP_2 {
        headers.remove(HOST);
        let scheme = if upstream.is_tls() { Scheme::HTTPS } else { Scheme::HTTP };
        let uri = Uri::builder().scheme(scheme).authority(host.as_bytes()).path_and_query(path);
        *request.uri_mut() = uri.build()?;
    } else {
        headers.insert(HOST, host);
        *request.uri_mut() = Uri::from(path);
    }
    Ok(request)
}

/// A head that was made for HTTP/2 with its `Host` header back, for another attempt over either protocol.
pub(super) fn with_host(mut head: Parts) -> Parts {
    if let Some(host) = head.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok()) {
        head.headers.insert(HOST, host);
    }
    head
}

/// How long a server says that it keeps the connection: `Keep-Alive: timeout=5, max=100`.
fn announced(headers: &HeaderMap) -> Option<Duration> {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    let parameters = headers.get(KEEP_ALIVE)?.to_str().ok()?.split(',');
    parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"))
        .and_then(|(_, seconds)| seconds.trim().parse().ok())
        .map(Duration::from_secs)
}

/// Removes the hop-by-hop headers of a response, and joins both sides of an upgrade.
pub(super) fn finish(
    (mut response, mut connection, lease): Received,
    gateway: &Gateway,
    client: Option<ClientSide>,
) -> Response<UpstreamBody> {
    if let (Some(connection), Some(announced)) = (&mut connection, announced(response.headers())) {
        connection.is_kept_for(announced);
    }
    let idle = gateway.timeouts.idle.0;
    let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let protocol = hop_by_hop::strip(response.headers_mut(), &[]);
    if switched {
        match client {
            Some(client) => {
                let tunnel = tunnel::join(client, hyper::upgrade::on(&mut response), idle, lease);
                response.extensions_mut().insert(tunnel);
                restore_upgrade(response.headers_mut(), protocol);
                let (head, body) = response.into_parts();
                return Response::from_parts(head, UpstreamBody::new(body, None, None, idle));
            }
            // The client did not ask for an upgrade; a 101 is no response to it.
            None => *response.status_mut() = StatusCode::BAD_GATEWAY,
        }
    }
    let (mut head, body) = response.into_parts();
    head.version = Version::HTTP_11;
    if head.status == StatusCode::NO_CONTENT {
        head.headers.remove(CONTENT_LENGTH);
    }
    let connection = connection.filter(|_| !switched);
    Response::from_parts(head, UpstreamBody::new(body, connection, Some(lease), idle))
}

fn restore_upgrade(headers: &mut HeaderMap, protocol: Option<HeaderValue>) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    if let Some(protocol) = protocol {
        headers.insert(UPGRADE, protocol);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_say_how_long_it_keeps_a_connection() {
        for (text, seconds) in [
            ("timeout=5", Some(5)),
            ("max=100, Timeout = 7", Some(7)),
            ("max=100", None),
            ("timeout=soon", None),
            ("timeout=-1", None),
            ("5", None),
        ] {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static("keep-alive"), text.parse().unwrap())]);
            assert_eq!(announced(&headers), seconds.map(Duration::from_secs), "{text}");
        }
    }
}

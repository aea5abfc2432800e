//! Sends one request to an upstream, without hop-by-hop headers, and again where a retry is safe.

use std::sync::Arc;
use std::time::Duration;

use guard::body::{Forwarded, Refused};
use guard::{Client, ForwardError, Peer, ServedBy};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, UPGRADE};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use policy::{Gateway, Policy, Upstream};

use super::pool::{Pool, PooledConnection, Pools, Reusable, Reuse};
use super::request_body::{Pace, Progress, RequestBody};
use super::response_body::UpstreamBody;
use super::tunnel::ClientSide;
use super::{hop_by_hop, tunnel};

/// Sends a request that passed the doors to an upstream. Returns its response. `on_upgrade` is the client's side of an
/// upgrade, if the client asks for one.
pub(crate) async fn forward(
    pools: &Pools,
    policy: &Policy,
    peer: &Peer,
    client: Client,
    on_upgrade: Option<ClientSide>,
    request: Request<Forwarded<Incoming>>,
) -> Result<Response<UpstreamBody>, ForwardError> {
    let (gateway, subject) = (&policy.gateway, &policy.auth.forward_subject);
    let (mut head, body) = request.into_parts();
    let upgrade = hop_by_hop::strip(&mut head.headers, Some(subject))
        .filter(|protocol| on_upgrade.is_some() && is_allowed(protocol, &gateway.upgrades));
    guard::set_forwarded(&mut head.headers, client.address, peer, client.transport, &gateway.trusted_proxies);
    if let Some(protocol) = &upgrade {
        head.headers.insert(UPGRADE, protocol.clone());
        head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    let progress = body.bytes().is_none().then(Progress::default);
    let sending = Sending { pools, gateway, refused: body.refusal(), progress: progress.clone() };
    let (response, connection) = match body.bytes() {
        Some(bytes) => sending.held(head, &bytes).await?,
        None => Box::pin(sending.streamed(head, body)).await?,
    };
    let response = finish(response, connection, gateway, on_upgrade.filter(|_| upgrade.is_some()));
    Ok(response.map(|body| body.beside(progress)))
}

const NO_UPSTREAM: &str = "no upstream is configured";

/// A response, and its connection if that can serve again.
type Received = (Response<Incoming>, Option<Reusable>);

struct Sending<'e> {
    pools: &'e Pools,
    gateway: &'e Gateway,
    /// Whether a door has ended the request's stream.
    refused: Option<Refused>,
    /// How a streamed request goes.
    progress: Option<Progress>,
}

/// Why one attempt failed.
enum Failure {
    /// The upstream has seen nothing of the request: any method may be tried again, elsewhere too.
    Unsent(Parts, String),
    /// A reused connection was closed: an idempotent request may be tried once more.
    Stale(Option<Parts>, String),
    /// The upstream may have acted on the request.
    Final(ForwardError),
}

/// Whether the head is kept while it is sent, for a retry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Head,
    Nothing,
}

impl Sending<'_> {
    /// Sends a held body, which can be sent again: to each upstream over a reused connection, then over a new one.
    async fn held(&self, mut head: Parts, bytes: &bytes::Bytes) -> Result<Received, ForwardError> {
        let mut last = NO_UPSTREAM.to_owned();
        let keep = if head.method.is_idempotent() { Keep::Head } else { Keep::Nothing };
        for pool in self.pools.order() {
            for reuse in [Reuse::Allowed, Reuse::Never] {
                let limit = self.gateway.timeouts.upstream.0.min(self.gateway.timeouts.total.0);
                let body = RequestBody::held(bytes.clone());
                match self.attempt(pool, reuse, head, body, Timeout::Total(limit), keep).await {
                    Ok(received) => return Ok(received),
                    Err(Failure::Stale(Some(kept), reason)) if reuse == Reuse::Allowed => {
                        (head, last) = (kept, reason);
                    }
                    Err(Failure::Stale(_, reason)) => return Err(ForwardError::Broken(reason)),
                    Err(Failure::Unsent(unsent, reason)) => {
                        (head, last) = (unsent, reason);
                        if reuse == Reuse::Never {
                            break;
                        }
                    }
                    Err(Failure::Final(error)) => return Err(error),
                }
            }
        }
        Err(ForwardError::Unavailable(last))
    }

    /// Sends a streamed body, which cannot be sent again: over a new connection, which is not about to be closed.
    async fn streamed(&self, head: Parts, body: Forwarded<Incoming>) -> Result<Received, ForwardError> {
        let Some(pool) = self.pools.order().next() else {
            return Err(ForwardError::Unavailable(NO_UPSTREAM.into()));
        };
        let timeouts = &self.gateway.timeouts;
        // A stream over HTTP/2 without a length may be a conversation.
        let is_upload = head.version < Version::HTTP_2 || head.headers.contains_key(CONTENT_LENGTH);
        let pace = match self.gateway.min_upload_rate {
            rate @ 1.. if is_upload => Pace::Rate(rate, timeouts.body.0),
            _ => Pace::Pauses(timeouts.idle.0),
        };
        let progress = self.progress.clone().unwrap_or_default();
        let body = RequestBody::streamed(body, pace, progress.clone());
        let is_http2 = matches!(pool.upstream, Upstream::Tcp { http2: true, .. });
        let reuse = if is_http2 { Reuse::Allowed } else { Reuse::Never };
        let timeout = Timeout::SinceProgress(timeouts.upstream.0, progress);
        let sent = self.attempt(pool, reuse, head, body, timeout, Keep::Nothing).await;
        sent.map_err(|failure| match failure {
            Failure::Unsent(_, reason) => ForwardError::Unavailable(reason),
            Failure::Stale(_, reason) => ForwardError::Broken(reason),
            Failure::Final(error) => error,
        })
    }

    /// Why the request has ended before its end, if it has: because of a door, or of its client.
    fn fault(&self) -> Option<ForwardError> {
        let refused = self.refused.as_ref().and_then(Refused::status).map(ForwardError::Refused);
        refused.or_else(|| self.progress.as_ref().and_then(Progress::fault))
    }

    async fn attempt(
        &self,
        pool: &Arc<Pool>,
        reuse: Reuse,
        head: Parts,
        body: RequestBody,
        timeout: Timeout,
        keep: Keep,
    ) -> Result<Received, Failure> {
        let connection = match self.pools.connection(pool, reuse).await {
            Ok(connection) => connection,
            Err(error) => {
                pool.health.failed();
                return Err(Failure::Unsent(head, format!("{}: {error}", pool.upstream)));
            }
        };
        let reused = !matches!(connection, PooledConnection::Http1 { reused: false, .. });
        let kept = (reused && keep == Keep::Head).then(|| head.clone());
        let sent = match connection {
            PooledConnection::Http1 { mut sender, .. } => {
                let request = self.request(pool, head, body, Version::HTTP_11)?;
                let sent = timeout.limit(sender.try_send_request(request)).await;
                sent.map(|r| r.map(|response| (response, Some(Reusable { sender, pool: Arc::clone(pool) }))))
            }
            PooledConnection::Http2(mut sender) => {
                let request = self.request(pool, head, body, Version::HTTP_2)?;
                timeout
                    .limit(sender.try_send_request(request))
                    .await
                    .map(|r| r.map(|response| (response, None)))
            }
        };
        match sent {
            // A client that sends an attack, or nothing, says nothing about the upstream's health.
            Ok(Err(_)) | Err(TimedOut) if self.fault().is_some() => {
                Err(Failure::Final(self.fault().unwrap_or(ForwardError::ClientLeft)))
            }
            Ok(Ok(mut received)) => {
                pool.health.succeeded();
                received.0.extensions_mut().insert(ServedBy(Arc::clone(&pool.name)));
                Ok(received)
            }
            Ok(Err(mut failed)) => {
                let unsent = failed.take_message();
                let error = failed.into_error();
                match unsent {
                    Some(request) => {
                        let head = kept.unwrap_or_else(|| with_host(request.into_parts().0));
                        Err(Failure::Unsent(head, error.to_string()))
                    }
                    None if reused && (error.is_incomplete_message() || error.is_closed()) => {
                        Err(Failure::Stale(kept, error.to_string()))
                    }
                    None => {
                        pool.health.failed();
                        Err(Failure::Final(ForwardError::Broken(message(&error))))
                    }
                }
            }
            Err(TimedOut) => {
                pool.health.failed();
                Err(Failure::Final(ForwardError::Timeout))
            }
        }
    }

    /// The request in the form of the upstream's protocol.
    fn request(
        &self,
        pool: &Pool,
        head: Parts,
        body: RequestBody,
        version: Version,
    ) -> Result<Request<RequestBody>, Failure> {
        let path = head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let mut request = Request::from_parts(head, body);
        *request.version_mut() = version;
        let headers = request.headers_mut();
        let authority = match &pool.upstream {
            Upstream::Tcp { authority, .. } => authority.as_str(),
            Upstream::Unix(_) => "localhost",
        };
        let host = match headers.get(HOST).filter(|_| self.gateway.preserve_host) {
            Some(host) => host.clone(),
            None => HeaderValue::from_str(authority)
                .map_err(|e| Failure::Final(ForwardError::Broken(e.to_string())))?,
        };
        if version == Version::HTTP_2 {
            headers.remove(HOST);
            let tls = matches!(pool.upstream, Upstream::Tcp { tls: true, .. });
            let uri = Uri::builder()
                .scheme(if tls { Scheme::HTTPS } else { Scheme::HTTP })
                .authority(host.as_bytes())
                .path_and_query(path)
                .build();
            *request.uri_mut() = uri.map_err(|e| Failure::Final(ForwardError::Broken(e.to_string())))?;
        } else {
            headers.insert(HOST, host);
            *request.uri_mut() = Uri::from(path);
        }
        Ok(request)
    }
}

/// A head that was made for HTTP/2 with its `Host` header back, for a retry over either protocol.
fn with_host(mut head: Parts) -> Parts {
    if let Some(host) = head.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok()) {
        head.headers.insert(HOST, host);
    }
    head
}

/// How long to wait for the head of a response.
enum Timeout {
    /// From the start.
    Total(Duration),
    /// From the last frame of the request body that was sent.
    SinceProgress(Duration, Progress),
}

struct TimedOut;

impl Timeout {
    async fn limit<T>(self, response: impl Future<Output = T>) -> Result<T, TimedOut> {
        match self {
            Timeout::Total(limit) => tokio::time::timeout(limit, response).await.map_err(|_| TimedOut),
            Timeout::SinceProgress(limit, progress) => {
                let mut response = std::pin::pin!(response);
                loop {
                    let before = progress.sent();
                    match tokio::time::timeout(limit, response.as_mut()).await {
                        Ok(received) => return Ok(received),
                        // The upstream has not had all of it for so long.
                        Err(_) if progress.sent() != before || progress.waits_for_client() => {}
                        Err(_) => return Err(TimedOut),
                    }
                }
            }
        }
    }
}

fn is_allowed(protocol: &HeaderValue, allowed: &[String]) -> bool {
    protocol.to_str().is_ok_and(|p| allowed.iter().any(|a| p.trim().eq_ignore_ascii_case(a)))
}

/// Removes the hop-by-hop headers of a response, and joins both sides of an upgrade.
fn finish(
    response: Response<Incoming>,
    connection: Option<Reusable>,
    gateway: &Gateway,
    client: Option<ClientSide>,
) -> Response<UpstreamBody> {
    let mut response = response;
    let idle = gateway.timeouts.idle.0;
    let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let protocol = hop_by_hop::strip(response.headers_mut(), None);
    if switched {
        match client {
            Some(client) => {
                let tunnel = tunnel::join(client, hyper::upgrade::on(&mut response), idle);
                response.extensions_mut().insert(tunnel);
                restore_upgrade(response.headers_mut(), protocol);
                let (head, body) = response.into_parts();
                return Response::from_parts(head, UpstreamBody::new(body, None, idle));
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
    Response::from_parts(head, UpstreamBody::new(body, connection, idle))
}

fn restore_upgrade(headers: &mut HeaderMap, protocol: Option<HeaderValue>) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    if let Some(protocol) = protocol {
        headers.insert(UPGRADE, protocol);
    }
}

/// An error of hyper with its cause, which hyper leaves out.
fn message(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

//! Sends one request to an upstream, without hop-by-hop headers, and again where that is safe: what an upstream has not
//! seen goes elsewhere, whatever it is; what it may have seen is repeated if its method is idempotent (RFC 9110 §9.2.2) and
//! a connection that had served before was closed.

use std::sync::Arc;
use std::time::Duration;

use guard::body::Forwarded;
use guard::{Client, ForwardError, Peer};
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, UPGRADE};
use http::request::Parts;
use http::{Request, Response, Version};
use policy::{Destination, Gateway, Policy};

use super::attempt::{Attempts, Failure, Keep};
use super::connect::Purpose;
use super::message::{Received, finish};
use super::pool::{Pools, Reuse};
use super::request_body::{Pace, Progress, RequestBody};
use super::response_body::UpstreamBody;
use super::tunnel::ClientSide;
use super::{hop_by_hop, location, prefix};
use crate::client_body::ClientBody;

const NONE: &str = "no upstream is configured";

/// Sends a request that passed the doors to an upstream. Returns its response. `on_upgrade` is the client's side of an
/// upgrade, if the client asks for one.
pub(crate) async fn forward(
    groups: &[Pools],
    policy: &Policy,
    peer: &Peer,
    client: Client,
    on_upgrade: Option<ClientSide>,
    request: Request<Forwarded<ClientBody>>,
) -> Result<Response<UpstreamBody>, ForwardError> {
    let gateway = &policy.gateway;
    let token = policy.auth.forward_token.as_ref().map(|(name, _)| name);
    let of_caller: Vec<&HeaderName> = std::iter::once(&policy.auth.forward_subject).chain(token).collect();
    let (mut head, body) = request.into_parts();
    let destination = head.extensions.remove::<Arc<Destination>>();
    let group = destination.as_ref().map_or(0, |destination| destination.group);
    let Some(pools) = groups.get(group) else { return Err(ForwardError::Unavailable(NONE.into())) };
    let prefix = destination.as_ref().map_or("", |destination| &*destination.stripped);
    let upgrade = hop_by_hop::strip(&mut head.headers, &of_caller)
        .filter(|protocol| on_upgrade.is_some() && is_allowed(protocol, &gateway.upgrades));
    guard::set_forwarded(&mut head.headers, client.address, peer, client.transport, gateway);
    prefix::tell(&mut head.headers, prefix);
    let purpose = if upgrade.is_some() { Purpose::Upgrade } else { Purpose::Requests };
    if let Some(protocol) = upgrade {
        head.headers.insert(UPGRADE, protocol);
        head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    let origin = gateway.rewrite_location.then(|| location::origin(&head.headers)).flatten();
    let progress = body.bytes().is_none().then(Progress::default);
    let attempts = Attempts {
        pools,
        gateway,
        purpose,
        refused: body.refusal(),
        progress: progress.clone(),
        keep: if progress.is_none() && head.method.is_idempotent() { Keep::Head } else { Keep::Nothing },
    };
    let body = match (body.bytes(), &progress) {
        (None, Some(progress)) => {
            Outgoing::Streamed(Box::new(streamed(gateway, &head, body, progress.clone())))
        }
        (bytes, _) => Outgoing::Held(bytes.unwrap_or_default()),
    };
    let mut received = send(&attempts, head, body).await?;
    let answer = received.0.headers_mut();
    if gateway.rewrite_location {
        location::rewrite(answer, &received.2.target().upstream, origin.as_deref(), prefix);
    }
    if gateway.rewrite_cookie_path {
        prefix::rewrite_cookies(answer, prefix);
    }
    let response = finish(received, gateway, on_upgrade.filter(|_| purpose == Purpose::Upgrade));
    Ok(response.map(|body| body.beside(progress)))
}

/// A body on its way out.
enum Outgoing {
    /// It can be sent again.
    Held(bytes::Bytes),
    /// It can be sent again while nothing of it was sent.
    Streamed(Box<RequestBody>),
}

/// Tries each upstream once, over a connection that served before and then over a new one. The time for connecting is spent
/// once for all of them: each gets its part of what is left.
async fn send(attempts: &Attempts<'_>, head: Parts, body: Outgoing) -> Result<Received, ForwardError> {
    let (bytes, body, first) = match body {
        Outgoing::Held(bytes) => (Some(bytes.clone()), RequestBody::held(bytes), Reuse::Any),
        // An HTTP/1.1 connection may be about to be closed, and this body cannot be sent again.
        Outgoing::Streamed(body) => (None, *body, Reuse::Http2),
    };
    let mut request = (head, body);
    let mut last = NONE.to_owned();
    let mut connect = attempts.gateway.timeouts.connect.0;
    let order = attempts.pools.order(&request.0.headers);
    for (tried, pool) in order.iter().enumerate() {
        let mut reuse = first;
        let mut part = part(connect, order.len() - tried);
        let other_parts = connect.saturating_sub(part);
        loop {
            match attempts.attempt(pool, reuse, request, &mut part).await {
                Ok(received) => return Ok(received),
                Err(Failure::Unreachable(unsent, reason)) => {
                    (request, last) = (*unsent, reason);
                    break;
                }
                Err(Failure::Unsent(unsent, reason)) => {
                    (request, last) = (*unsent, reason);
                    if reuse == Reuse::Never {
                        break;
                    }
                }
                Err(Failure::Stale(head, reason)) => match (head, &bytes) {
                    (Some(head), Some(bytes)) if reuse != Reuse::Never => {
                        request = (*head, RequestBody::held(bytes.clone()));
                    }
                    _ => return Err(ForwardError::Broken(reason)),
                },
                Err(Failure::Final(error)) => return Err(error),
            }
            reuse = Reuse::Never;
        }
        connect = other_parts + part;
    }
    Err(ForwardError::Unavailable(last))
}

/// What one of so many upstreams gets of the time that is left for connecting. A few get all of it together: of many,
/// most are refused at once.
fn part(left: Duration, upstreams: usize) -> Duration {
    match upstreams {
        0 | 1 => left,
        2 => left / 2,
        _ => left / 3,
    }
}

/// A body that passes as it comes.
fn streamed(gateway: &Gateway, head: &Parts, body: Forwarded<ClientBody>, progress: Progress) -> RequestBody {
    // A stream over HTTP/2 without a length may be a conversation.
    let is_upload = head.version < Version::HTTP_2 || head.headers.contains_key(CONTENT_LENGTH);
    let pace = match gateway.min_upload_rate {
        rate @ 1.. if is_upload => Pace::Rate(rate, gateway.timeouts.body.0),
        _ => Pace::Pauses(gateway.timeouts.idle.0),
    };
    RequestBody::streamed(body, pace, progress)
}

fn is_allowed(protocol: &HeaderValue, allowed: &[String]) -> bool {
    protocol.to_str().is_ok_and(|p| allowed.iter().any(|a| p.trim().eq_ignore_ascii_case(a)))
}

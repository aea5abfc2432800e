//! One exchange with the upstream: the request made hop-free, sent, and sent again where that is safe.

use std::sync::Arc;
use std::time::Duration;

use guard::body::Forwarded;
use guard::{Client, ForwardError, Peer};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, UPGRADE};
use http::request::Parts;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use policy::{Gateway, Policy, Upstream};

use super::body::{Progress, RequestBody, UpstreamBody};
use super::pool::{Lease, Pools, Target};
use crate::{hop, tunnel};

/// Sends what may pass to an upstream, and hands back its answer.
pub(crate) async fn forward(
    pools: &Pools,
    policy: &Policy,
    peer: &Peer,
    client: Client,
    on_upgrade: Option<OnUpgrade>,
    request: Request<Forwarded<Incoming>>,
) -> Result<Response<UpstreamBody>, ForwardError> {
    let (gateway, subject) = (&policy.gateway, &policy.auth.forward_subject);
    let (mut head, body) = request.into_parts();
    let upgrade = hop::strip(&mut head.headers, Some(subject))
        .filter(|wanted| on_upgrade.is_some() && is_allowed(wanted, &gateway.upgrades));
    guard::set_forwarded(&mut head.headers, client.address, peer, client.transport, &gateway.trusted_proxies);
    if let Some(protocol) = &upgrade {
        head.headers.insert(UPGRADE, protocol.clone());
        head.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    let exchange = Exchange { pools, gateway };
    let (response, lease) = match body.bytes() {
        Some(bytes) => exchange.held(head, &bytes).await?,
        None => Box::pin(exchange.streamed(head, body)).await?,
    };
    Ok(answer(response, lease, gateway, on_upgrade.filter(|_| upgrade.is_some())))
}

type Answer =
    (Response<Incoming>, Option<(hyper::client::conn::http1::SendRequest<RequestBody>, Arc<Target>)>);

struct Exchange<'e> {
    pools: &'e Pools,
    gateway: &'e Gateway,
}

/// What went wrong with one try.
enum Failure {
    /// The upstream saw nothing of it: any method may be tried again, elsewhere too.
    Unsent(Parts, String),
    /// A connection that served before was closed: what can be repeated may be tried once more.
    Stale(Option<Parts>, String),
    /// Anything may have happened.
    Final(ForwardError),
}

/// Whether a head is kept while it is sent, for a second try.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Head,
    Nothing,
}

impl Exchange<'_> {
    /// A body that is held can be sent again. Each upstream gets a try on a used connection and one on a new one.
    async fn held(&self, mut head: Parts, bytes: &bytes::Bytes) -> Result<Answer, ForwardError> {
        let mut last = "none is configured".to_owned();
        let keep = if head.method.is_idempotent() { Keep::Head } else { Keep::Nothing };
        for target in self.pools.order() {
            for fresh in [false, true] {
                let limit = self.gateway.timeouts.upstream.0.min(self.gateway.timeouts.total.0);
                let body = RequestBody::held(bytes.clone());
                match self.attempt(target, fresh, head, body, Patience::Whole(limit), keep).await {
                    Ok(answer) => return Ok(answer),
                    Err(Failure::Stale(Some(kept), reason)) if !fresh => (head, last) = (kept, reason),
                    Err(Failure::Stale(_, reason)) => return Err(ForwardError::Broken(reason)),
                    Err(Failure::Unsent(unsent, reason)) => {
                        (head, last) = (unsent, reason);
                        if fresh {
                            break;
                        }
                    }
                    Err(Failure::Final(error)) => return Err(error),
                }
            }
        }
        Err(ForwardError::Unavailable(last))
    }

    /// A stream can be sent only once, so it gets a connection that did not serve before.
    async fn streamed(&self, head: Parts, body: Forwarded<Incoming>) -> Result<Answer, ForwardError> {
        let Some(target) = self.pools.order().next() else {
            return Err(ForwardError::Unavailable("none is configured".into()));
        };
        let (body, progress) = RequestBody::streamed(body);
        let is_http2 = matches!(target.upstream, Upstream::Tcp { http2: true, .. });
        let patience = Patience::Progress(self.gateway.timeouts.upstream.0, progress);
        self.attempt(target, !is_http2, head, body, patience, Keep::Nothing).await.map_err(|failure| {
            match failure {
                Failure::Unsent(_, reason) => ForwardError::Unavailable(reason),
                Failure::Stale(_, reason) => ForwardError::Broken(reason),
                Failure::Final(error) => error,
            }
        })
    }

    async fn attempt(
        &self,
        target: &Arc<Target>,
        fresh: bool,
        head: Parts,
        body: RequestBody,
        patience: Patience,
        keep: Keep,
    ) -> Result<Answer, Failure> {
        let lease = match self.pools.lease(target, fresh).await {
            Ok(lease) => lease,
            Err(error) => {
                target.health.failed();
                return Err(Failure::Unsent(head, format!("{}: {error}", target.upstream)));
            }
        };
        let reused = !matches!(lease, Lease::Http1 { reused: false, .. });
        let kept = (reused && keep == Keep::Head).then(|| head.clone());
        let sent = match lease {
            Lease::Http1 { mut sender, .. } => {
                let request = self.request(target, head, body, Version::HTTP_11)?;
                let sent = patience.over(sender.try_send_request(request)).await;
                sent.map(|r| r.map(|response| (response, Some((sender, Arc::clone(target))))))
            }
            Lease::Http2(mut sender) => {
                let request = self.request(target, head, body, Version::HTTP_2)?;
                patience
                    .over(sender.try_send_request(request))
                    .await
                    .map(|r| r.map(|response| (response, None)))
            }
        };
        match sent {
            Ok(Ok(answer)) => {
                target.health.succeeded();
                Ok(answer)
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
                        target.health.failed();
                        Err(Failure::Final(ForwardError::Broken(describe(&error))))
                    }
                }
            }
            Err(TooLong) => {
                target.health.failed();
                Err(Failure::Final(ForwardError::Timeout))
            }
        }
    }

    /// The request in the form that the upstream's protocol wants.
    fn request(
        &self,
        target: &Target,
        head: Parts,
        body: RequestBody,
        version: Version,
    ) -> Result<Request<RequestBody>, Failure> {
        let path = head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let mut request = Request::from_parts(head, body);
        *request.version_mut() = version;
        let headers = request.headers_mut();
        let own = match &target.upstream {
            Upstream::Tcp { authority, .. } => authority.as_str(),
            Upstream::Unix(_) => "localhost",
        };
        let host = match headers.get(HOST).filter(|_| self.gateway.preserve_host) {
            Some(host) => host.clone(),
            None => {
                HeaderValue::from_str(own).map_err(|e| Failure::Final(ForwardError::Broken(e.to_string())))?
            }
        };
        if version == Version::HTTP_2 {
            headers.remove(HOST);
            let tls = matches!(target.upstream, Upstream::Tcp { tls: true, .. });
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

/// A head made for HTTP/2 as it was before: the host where every protocol looks for it.
fn with_host(mut head: Parts) -> Parts {
    if let Some(host) = head.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok()) {
        head.headers.insert(HOST, host);
    }
    head
}

/// How long to wait for an answer's head.
enum Patience {
    /// So long from the start.
    Whole(Duration),
    /// So long since the request's body last got on.
    Progress(Duration, Progress),
}

struct TooLong;

impl Patience {
    async fn over<T>(self, answer: impl Future<Output = T>) -> Result<T, TooLong> {
        match self {
            Patience::Whole(limit) => tokio::time::timeout(limit, answer).await.map_err(|_| TooLong),
            Patience::Progress(limit, progress) => {
                let mut answer = std::pin::pin!(answer);
                loop {
                    let before = progress.pieces();
                    match tokio::time::timeout(limit, answer.as_mut()).await {
                        Ok(answer) => return Ok(answer),
                        Err(_) if progress.pieces() != before => {}
                        Err(_) => return Err(TooLong),
                    }
                }
            }
        }
    }
}

fn is_allowed(wanted: &HeaderValue, allowed: &[String]) -> bool {
    wanted.to_str().is_ok_and(|w| allowed.iter().any(|a| w.trim().eq_ignore_ascii_case(a)))
}

/// The answer without what meant only the upstream's connection; both sides of an upgrade joined.
fn answer(
    response: Response<Incoming>,
    lease: Option<(hyper::client::conn::http1::SendRequest<RequestBody>, Arc<Target>)>,
    gateway: &Gateway,
    client: Option<OnUpgrade>,
) -> Response<UpstreamBody> {
    let mut response = response;
    let idle = gateway.timeouts.idle.0;
    let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let protocol = hop::strip(response.headers_mut(), None);
    if switched {
        match client {
            Some(client) => {
                tunnel::join(client, hyper::upgrade::on(&mut response), idle);
                restore_upgrade(response.headers_mut(), protocol);
                let (head, body) = response.into_parts();
                return Response::from_parts(head, UpstreamBody::new(body, None, idle));
            }
            // Nobody asked for it: there is no answer in this.
            None => *response.status_mut() = StatusCode::BAD_GATEWAY,
        }
    }
    let (mut head, body) = response.into_parts();
    head.version = Version::HTTP_11;
    if head.status == StatusCode::NO_CONTENT {
        head.headers.remove(CONTENT_LENGTH);
    }
    let lease = lease.filter(|_| !switched);
    Response::from_parts(head, UpstreamBody::new(body, lease, idle))
}

fn restore_upgrade(headers: &mut HeaderMap, protocol: Option<HeaderValue>) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    if let Some(protocol) = protocol {
        headers.insert(UPGRADE, protocol);
    }
}

fn describe(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

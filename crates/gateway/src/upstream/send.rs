//! One exchange with the upstream: the request made hop-free, sent, and sent again where that is safe.

use std::sync::Arc;
use std::time::Duration;

use guard::body::Forwarded;
use guard::{Client, ForwardError, Peer};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, UPGRADE};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version, request};
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
    let exchange = Exchange { pools, gateway, head };
    let (response, lease) = match body.bytes() {
        Some(bytes) => exchange.held(&bytes).await?,
        None => exchange.streamed(body).await?,
    };
    Ok(answer(response, lease, gateway, on_upgrade.filter(|_| upgrade.is_some())))
}

type Answer =
    (Response<Incoming>, Option<(hyper::client::conn::http1::SendRequest<RequestBody>, Arc<Target>)>);

struct Exchange<'e> {
    pools: &'e Pools,
    gateway: &'e Gateway,
    head: request::Parts,
}

/// What went wrong with one try.
enum Failure {
    /// The upstream saw nothing of it: any method may be tried again, elsewhere too.
    Unsent(String),
    /// A connection that served before was closed: what can be repeated may be tried once more.
    Stale(String),
    /// Anything may have happened.
    Final(ForwardError),
}

impl Exchange<'_> {
    /// A body that is held can be sent again. Each upstream gets a try on a used connection and one on a new one.
    async fn held(&self, bytes: &bytes::Bytes) -> Result<Answer, ForwardError> {
        let mut last = "none is configured".to_owned();
        let repeatable = self.head.method.is_idempotent();
        for target in self.pools.order() {
            for fresh in [false, true] {
                let patience = self.gateway.timeouts.upstream.0.min(self.gateway.timeouts.total.0);
                match self
                    .attempt(target, fresh, RequestBody::held(bytes.clone()), Patience::Whole(patience))
                    .await
                {
                    Ok(answer) => return Ok(answer),
                    Err(Failure::Stale(reason)) if repeatable && !fresh => last = reason,
                    Err(Failure::Stale(reason)) => return Err(ForwardError::Broken(reason)),
                    Err(Failure::Unsent(reason)) => {
                        last = reason;
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
    async fn streamed(&self, body: Forwarded<Incoming>) -> Result<Answer, ForwardError> {
        let Some(target) = self.pools.order().next() else {
            return Err(ForwardError::Unavailable("none is configured".into()));
        };
        let (body, progress) = RequestBody::streamed(body);
        let is_http2 = matches!(target.upstream, Upstream::Tcp { http2: true, .. });
        let patience = Patience::Progress(self.gateway.timeouts.upstream.0, progress);
        self.attempt(target, !is_http2, body, patience).await.map_err(|failure| match failure {
            Failure::Unsent(reason) => ForwardError::Unavailable(reason),
            Failure::Stale(reason) => ForwardError::Broken(reason),
            Failure::Final(error) => error,
        })
    }

    async fn attempt(
        &self,
        target: &Arc<Target>,
        fresh: bool,
        body: RequestBody,
        patience: Patience,
    ) -> Result<Answer, Failure> {
        let lease = match self.pools.lease(target, fresh).await {
            Ok(lease) => lease,
            Err(error) => {
                target.health.failed();
                return Err(Failure::Unsent(format!("{}: {error}", target.upstream)));
            }
        };
        let (sent, reused) = match lease {
            Lease::Http1 { mut sender, reused } => {
                let request = self.request(target, body, Version::HTTP_11)?;
                let sent = patience.over(sender.try_send_request(request)).await;
                (
                    sent.map(|r| {
                        r.map(|r| (r, Some((sender, Arc::clone(target)))))
                            .map_err(|mut e| (e.take_message().is_some(), e.into_error()))
                    }),
                    reused,
                )
            }
            Lease::Http2(mut sender) => {
                let request = self.request(target, body, Version::HTTP_2)?;
                let sent = patience.over(sender.try_send_request(request)).await;
                (
                    sent.map(|r| {
                        r.map(|r| (r, None)).map_err(|mut e| (e.take_message().is_some(), e.into_error()))
                    }),
                    true,
                )
            }
        };
        match sent {
            Ok(Ok(answer)) => {
                target.health.succeeded();
                Ok(answer)
            }
            Ok(Err((true, error))) => Err(Failure::Unsent(error.to_string())),
            Ok(Err((false, error))) if reused && (error.is_incomplete_message() || error.is_closed()) => {
                Err(Failure::Stale(error.to_string()))
            }
            Ok(Err((false, error))) => {
                target.health.failed();
                Err(Failure::Final(ForwardError::Broken(describe(&error))))
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
        body: RequestBody,
        version: Version,
    ) -> Result<Request<RequestBody>, Failure> {
        let mut request = Request::new(body);
        *request.method_mut() = self.head.method.clone();
        *request.headers_mut() = self.head.headers.clone();
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
        let path = self.head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
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

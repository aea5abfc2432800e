//! One attempt to send a request to one upstream, and what can be known of it when it fails.

use std::sync::Arc;
use std::time::Duration;

use guard::body::Refused;
use guard::{ForwardError, ServedBy};
use http::request::Parts;
use http::{Response, Version};
use hyper::body::Incoming;
use policy::Gateway;
use tokio::time::Instant;

use super::connect::Purpose;
use super::message::{self, Received, with_host};
use super::pool::{Kind, Pool, PooledConnection, Pools, Reuse};
use super::request_body::{Progress, RequestBody};
use super::target::Lease;
use super::websocket;

/// Why a client cannot upgrade, and how it could.
const NO_UPGRADE: &str = "is spoken to in HTTP/2 and takes no upgrade over it (RFC 8441); with an `http://` or `https://` URL \
    and `[gateway] upstream_protocol = \"auto\"` a WebSocket goes over HTTP/1.1";

/// What is said of a head beyond the limits.
const TOO_LARGE: &str = "its head has more fields than `[gateway] max_response_headers`, or more bytes than \
    `max_response_head`";

/// Why one attempt failed.
pub(super) enum Failure {
    /// There is no connection, and the upstream has seen nothing of the request.
    Unreachable(Unsent, String),
    /// The connection was closed before anything of the request was sent.
    Unsent(Unsent, String),
    /// A connection that served before was closed, and it is not known what the upstream has seen. The head is here if
    /// it was to be kept.
    Stale(Option<Box<Parts>>, String),
    /// The upstream may have acted on the request.
    Final(ForwardError),
}

/// A request that may be sent again, whatever its method.
pub(super) type Unsent = Box<(Parts, RequestBody)>;

/// Whether the head is kept while it is sent, for one more attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Head,
    Nothing,
}

/// What all attempts for one request have in common.
pub(super) struct Attempts<'e> {
    pub(super) pools: &'e Pools,
    pub(super) gateway: &'e Gateway,
    pub(super) purpose: Purpose,
    /// Whether a door has ended the request's stream.
    pub(super) refused: Option<Refused>,
    /// How a streamed request goes.
    pub(super) progress: Option<Progress>,
    pub(super) keep: Keep,
}

impl Attempts<'_> {
    /// Sends the request, over a connection that is open within `connect`, which becomes what is left of it.
    pub(super) async fn attempt(
        &self,
        pool: &Arc<Pool>,
        reuse: Reuse,
        (head, body): (Parts, RequestBody),
        connect: &mut Duration,
    ) -> Result<Received, Failure> {
        let (upstream, health) = (&pool.target.upstream, &pool.target.health);
        let lease = Lease::new(&pool.target);
        let since = Instant::now();
        let connected = self.pools.connection(pool, self.purpose, reuse, *connect).await;
        *connect = connect.saturating_sub(since.elapsed());
        let PooledConnection { kind, reused } = match connected {
            Ok(connection) => connection,
            Err(error) => {
                health.unreachable();
                return Err(Failure::Unreachable(Box::new((head, body)), format!("{upstream}: {error}")));
            }
        };
        let changes = self.purpose == Purpose::Upgrade;
        let kept = ((reused || changes) && self.keep == Keep::Head).then(|| head.clone());
        let in_form = |head, body, version| {
            let request = message::request(self.pools.preserve_host, upstream, head, body, version);
            request.map_err(|e| Failure::Final(ForwardError::Broken(e.to_string())))
        };
        let patience = self.patience();
        let sent = match kind {
            Kind::Http1(mut connection) => {
                let request = in_form(head, body, Version::HTTP_11)?;
                let sent = patience.limit(connection.sender.try_send_request(request)).await;
                sent.map(|sent| sent.map(|response| (response, Some(connection), lease)))
            }
            Kind::Http2(mut sender, tunnels) => {
                let (mut head, mut accept) = (head, None);
                if self.purpose == Purpose::Upgrade {
                    accept = websocket::connect(&mut head);
                    if accept.is_none() || !websocket::is_offered(&sender, &tunnels).await {
                        return Err(Failure::Final(ForwardError::Unavailable(format!(
                            "{upstream} {NO_UPGRADE}"
                        ))));
                    }
                }
                let request = in_form(head, body, Version::HTTP_2)?;
                let sent = patience.limit(sender.try_send_request(request)).await;
                sent.map(|sent| {
                    sent.map(|mut response| {
                        if let Some(accept) = accept {
                            websocket::switch(&mut response, accept);
                        }
                        (response, None, lease)
                    })
                })
            }
        };
        match sent {
            // A client that sends an attack, or nothing, says nothing about the upstream's health.
            Ok(Err(_)) | Err(TimedOut) if self.fault().is_some() => {
                Err(Failure::Final(self.fault().unwrap_or(ForwardError::ClientLeft)))
            }
            Ok(Ok(mut received)) => {
                health.succeeded();
                received.0.extensions_mut().insert(ServedBy(Arc::clone(&pool.target.id)));
                match self.is_too_large(&received.0) {
                    true => Err(Failure::Final(ForwardError::Broken(TOO_LARGE.into()))),
                    false => Ok(received),
                }
            }
            Ok(Err(mut failed)) => {
                let unsent = failed.take_message();
                let error = failed.into_error();
                match unsent {
                    Some(request) => {
                        if !reused {
                            health.failed();
                        }
                        let (head, body) = request.into_parts();
                        let head = kept.unwrap_or_else(|| with_host(head));
                        Err(Failure::Unsent(Box::new((head, body)), format!("{upstream}: {error}")))
                    }
                    // The upstream works.
                    None if error.is_parse_too_large() => {
                        Err(Failure::Final(ForwardError::Broken(TOO_LARGE.into())))
                    }
                    None if reused && (error.is_incomplete_message() || error.is_closed()) => {
                        Err(Failure::Stale(kept.map(Box::new), error.to_string()))
                    }
                    None => {
                        // A server may close on a body that it does not want; what the client sends is no failure.
                        if self.progress.as_ref().is_none_or(Progress::is_complete) {
                            health.failed();
                        }
                        Err(Failure::Final(ForwardError::Broken(message(&error))))
                    }
                }
            }
            Err(TimedOut) => {
                health.failed();
                Err(Failure::Final(ForwardError::Timeout))
            }
        }
    }

    /// Whether the head of an answer over HTTP/2 is beyond the limits; the parser of HTTP/1.1 has counted before.
    fn is_too_large(&self, response: &Response<Incoming>) -> bool {
        let headers = response.headers();
        let bytes =
            || headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>();
        response.version() == Version::HTTP_2
            && (headers.len() > self.gateway.max_response_headers || bytes() > self.gateway.max_response_head)
    }

    fn patience(&self) -> Timeout {
        let timeouts = &self.gateway.timeouts;
        match &self.progress {
            Some(progress) => Timeout::SinceProgress(timeouts.upstream.0, progress.clone()),
            None => Timeout::Total(timeouts.upstream.0.min(timeouts.total.0)),
        }
    }

    /// Why the request has ended before its end, if it has: because of a door, or of its client.
    fn fault(&self) -> Option<ForwardError> {
        let refused = self.refused.as_ref().and_then(Refused::status).map(ForwardError::Refused);
        refused.or_else(|| self.progress.as_ref().and_then(Progress::fault))
    }
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

/// An error of hyper with its cause, which hyper leaves out.
fn message(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

//! The contract between the guard and the code that forwards: caller and client, and why there is no answer.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Extensions, HeaderMap, Request, Response, StatusCode, Uri};
use http_body::Body;
use parking_lot::Mutex;
use policy::Destination;

use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::exchange::peer::Transport;
use crate::held::{HeldBytes, OverBudget, Share};
use crate::wire::body::Forwarded;
use crate::wire::collect::{Unheld, collect};

/// Why there is no answer from the upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// No upstream can be reached.
    #[error("no upstream can be reached: {0}")]
    Unavailable(String),
    /// The upstream did not answer in time.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// The upstream answered with something that is not HTTP, or broke off.
    #[error("the upstream's answer is broken: {0}")]
    Broken(String),
    /// A door ended the request's stream, with this status; the upstream has not failed.
    #[error("a door ended the stream")]
    Refused(StatusCode),
    /// The client sent its streamed body too slowly; the upstream has not failed.
    #[error(
        "the client sent its body too slowly ([gateway] min_upload_rate, [gateway.timeouts] body and idle)"
    )]
    ClientTooSlow,
    /// The client broke off its streamed body; the upstream has not failed.
    #[error("the client broke off its body")]
    ClientLeft,
}

/// Caller and client of a request, for the code that forwards it.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// The client, behind trusted proxies.
    pub address: std::net::IpAddr,
    /// Whether it speaks TLS.
    pub transport: Transport,
}

/// Reads objects for a door that waits for them. The door does not know how requests are forwarded: it leaves the
/// request here, and who drives the door forwards it.
pub(crate) struct Reader {
    client: Client,
    limit: usize,
    timeout: Duration,
    /// The last object that was read counts as held until the next one is.
    share: Mutex<Share>,
    desk: Mutex<Desk>,
}

/// What lies between a door and who drives it.
enum Desk {
    Empty,
    Asked(Request<()>),
    Answered(Result<Response<Bytes>, ReadError>),
}

/// Why an object was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Forward(#[from] ForwardError),
    /// The answer is too large, too slow or broke off.
    #[error("cannot be held")]
    Body,
    /// Too much is held already.
    #[error("{0}")]
    OverBudget(OverBudget),
}

impl Reader {
    pub(crate) fn new(engine: &Engine, x: &Exchange<'_>, held: &Arc<HeldBytes>) -> Self {
        Reader {
            client: Client { address: x.client, transport: x.transport },
            limit: engine.policy.protocol.max_decoded_body.as_usize(),
            timeout: engine.policy.gateway.timeouts.upstream.0,
            share: Mutex::new(held.share(x.client, engine.policy.gateway.held)),
            desk: Mutex::new(Desk::Empty),
        }
    }

    /// The answer to a request. The body of any answer is read, so that an object that is not there takes as long as one of
    /// somebody else; only that of a 200 has to be whole.
    pub(crate) async fn read(&self, request: Request<()>) -> Result<Response<Bytes>, ReadError> {
        *self.desk.lock() = Desk::Asked(request);
        poll_fn(|_| {
            let mut desk = self.desk.lock();
            match std::mem::replace(&mut *desk, Desk::Empty) {
                Desk::Answered(answer) => Poll::Ready(answer),
                other => {
                    *desk = other;
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Drives a door to its answer, and forwards what it asks for.
    pub(crate) async fn drive<T, B, R, F, Fut>(
        &self,
        mut door: Pin<Box<dyn Future<Output = T> + Send + '_>>,
        forward: &mut F,
    ) -> T
    where
        B: Body<Data = Bytes>,
        R: Body<Data = Bytes>,
        F: FnMut(Request<Forwarded<B>>, Client) -> Fut,
        Fut: Future<Output = Result<Response<R>, ForwardError>>,
    {
        loop {
            let request = match poll_fn(|cx| self.poll(&mut door, cx)).await {
                Progress::Done(answer) => return answer,
                Progress::Asks(request) => request,
            };
            let answer = self.forward(*request, forward).await;
            *self.desk.lock() = Desk::Answered(answer);
        }
    }

    fn poll<T>(
        &self,
        door: &mut Pin<Box<dyn Future<Output = T> + Send + '_>>,
        cx: &mut Context<'_>,
    ) -> Poll<Progress<T>> {
        if let Poll::Ready(answer) = door.as_mut().poll(cx) {
            return Poll::Ready(Progress::Done(answer));
        }
        let mut desk = self.desk.lock();
        match std::mem::replace(&mut *desk, Desk::Empty) {
            Desk::Asked(request) => Poll::Ready(Progress::Asks(Box::new(request))),
            other => {
                *desk = other;
                Poll::Pending
            }
        }
    }

    async fn forward<B, R, F, Fut>(
        &self,
        request: Request<()>,
        forward: &mut F,
    ) -> Result<Response<Bytes>, ReadError>
    where
        B: Body<Data = Bytes>,
        R: Body<Data = Bytes>,
        F: FnMut(Request<Forwarded<B>>, Client) -> Fut,
        Fut: Future<Output = Result<Response<R>, ForwardError>>,
    {
        let request = request.map(|()| Forwarded::held(Bytes::new()));
        let (parts, body) = forward(request, self.client).await?.into_parts();
        let mut share = self.share.lock().fresh();
        let body = match collect(body, self.limit, self.timeout, &mut share).await {
            Ok(held) => held.bytes,
            Err(_) if parts.status != StatusCode::OK => Bytes::new(),
            Err(error) => {
                return Err(match error.why {
                    Unheld::OverBudget(over) => ReadError::OverBudget(over),
                    _ => ReadError::Body,
                });
            }
        };
        *self.share.lock() = share;
        Ok(Response::from_parts(parts, body))
    }
}

/// How far a door is.
#[allow(clippy::large_enum_variant, reason = "one at a time, and gone when it has been looked at")]
enum Progress<T> {
    Done(T),
    Asks(Box<Request<()>>),
}

/// The target that an upstream gets for a path as it came.
pub(crate) fn forwarded_to(destination: &Destination, sent: &str, query: Option<&str>) -> Option<Uri> {
    let path = destination.path(sent);
    match query {
        Some(query) => format!("{path}?{query}").parse().ok(),
        None => path.parse().ok(),
    }
}

/// Tells who forwards a request where it goes, if that is not the first upstream with the path as it is: an
/// `Arc<Destination>` among its extensions.
pub(crate) fn lead(destination: &Arc<Destination>, extensions: &mut Extensions) {
    if destination.group > 0 || !destination.stripped.is_empty() {
        extensions.insert(Arc::clone(destination));
    }
}

/// Writes caller, client and request id into the upstream's headers; the client's own are removed.
pub(crate) fn identify(engine: &Engine, x: &Exchange<'_>, headers: &mut HeaderMap) {
    let name = &engine.policy.auth.forward_subject;
    headers.remove(name);
    if let Some((name, _)) = &engine.policy.auth.forward_token {
        headers.remove(name);
    }
    if let Some(subject) = x.principal.as_deref().and_then(|p| HeaderValue::from_str(&p.subject).ok()) {
        headers.insert(name, subject);
    }
    if let Some(id) = x.request_id() {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

//! The response body on its way to the client: it ends when the upstream stalls, and releases its connection to the pool
//! when it is complete.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use guard::ForwardError;
use guard::body::{BoxError, Stalled};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::pool::Reusable;
use super::request_body::Progress;
use super::target::Lease;

/// A response body.
pub(crate) struct UpstreamBody {
    body: Either<Incoming, Full<Bytes>>,
    /// The connection that the body comes over, if it can serve again.
    connection: Option<Box<Reusable>>,
    /// The place that the exchange takes at its upstream.
    lease: Option<Lease>,
    idle: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// How the request goes, if it is still being streamed, and what was sent of it when the timer was set.
    request: Option<(Progress, u64)>,
}

impl UpstreamBody {
    /// A body whose connection returns to the pool once the body is read to its end. If the client leaves earlier, the
    /// connection is closed. `idle` is the longest pause between two frames.
    pub(super) fn new(
        body: Incoming,
        connection: Option<Box<Reusable>>,
        lease: Option<Lease>,
        idle: Duration,
    ) -> Self {
        let body = Either::Left(body);
        let mut this = UpstreamBody { body, connection, lease, idle, timer: None, request: None };
        if this.body.is_end_stream() {
            this.release();
        }
        this
    }

    /// The body of an answer that the gateway gives itself, in place of an upstream.
    pub(crate) fn own(bytes: Bytes) -> Self {
        let (body, idle) = (Either::Right(Full::new(bytes)), Duration::MAX);
        UpstreamBody { body, connection: None, lease: None, idle, timer: None, request: None }
    }

    /// The answer to a streamed request: while the client sends, the upstream may pause.
    pub(super) fn beside(mut self, progress: Option<Progress>) -> Self {
        self.request = progress.map(|progress| (progress, 0));
        self
    }

    fn release(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.release();
        }
        self.lease = None;
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if this.body.is_end_stream() {
                    this.release();
                }
                if let Some(timer) = &mut this.timer {
                    timer.as_mut().reset(Instant::now() + this.idle);
                }
                if let Some((progress, _)) = &this.request {
                    progress.received();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(e))) => {
                // Both sides were silent, and the request's clock was the first to end.
                let fault = this.request.as_ref().and_then(|(progress, _)| progress.fault());
                let is_stalled = matches!(fault, Some(ForwardError::ClientTooSlow));
                Poll::Ready(Some(Err(if is_stalled { Stalled.into() } else { e })))
            }
            Poll::Ready(None) => {
                this.release();
                Poll::Ready(None)
            }
            Poll::Pending => {
                // Only a response that keeps its reader waiting needs a timer.
                let idle = this.idle;
                let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
                while timer.as_mut().poll(cx).is_ready() {
                    let sent = this.request.as_mut().filter(|(progress, before)| progress.sent() != *before);
                    let Some((progress, before)) = sent else {
                        return Poll::Ready(Some(Err(Stalled.into())));
                    };
                    *before = progress.sent();
                    timer.as_mut().reset(Instant::now() + idle);
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

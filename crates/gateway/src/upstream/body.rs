//! The bodies between gateway and upstream: they note progress, end when idle, and give connections back.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use guard::body::{BoxError, Forwarded};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use tokio::time::{Instant, Sleep};

use super::pool::Target;

/// Counts the pieces of a body that passed, so that slowness can be told from standstill.
#[derive(Clone, Default)]
pub(crate) struct Progress(Arc<AtomicU64>);

impl Progress {
    pub(crate) fn pieces(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the upstream gets.
pub(crate) struct RequestBody {
    body: Forwarded<Incoming>,
    progress: Option<Progress>,
}

impl RequestBody {
    /// A body that is here as a whole.
    pub(crate) fn held(bytes: Bytes) -> Self {
        RequestBody { body: Forwarded::held(bytes), progress: None }
    }

    /// A stream, and how it gets on.
    pub(crate) fn streamed(body: Forwarded<Incoming>) -> (Self, Progress) {
        let progress = Progress::default();
        (RequestBody { body, progress: Some(progress.clone()) }, progress)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.body).poll_frame(cx);
        if let (Poll::Ready(_), Some(progress)) = (&poll, &this.progress) {
            progress.0.fetch_add(1, Ordering::Relaxed);
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What the upstream answers.
pub(crate) struct UpstreamBody {
    body: Incoming,
    lease: Option<(http1::SendRequest<RequestBody>, Arc<Target>)>,
    idle: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl UpstreamBody {
    /// A body whose connection goes back to the pool when it is read to its end. When the client leaves before
    /// that, the connection is closed.
    pub(crate) fn new(
        body: Incoming,
        lease: Option<(http1::SendRequest<RequestBody>, Arc<Target>)>,
        idle: Duration,
    ) -> Self {
        let mut this = UpstreamBody { body, lease, idle, timer: None };
        if this.body.is_end_stream() {
            this.give_back();
        }
        this
    }

    fn give_back(&mut self) {
        if let Some((sender, target)) = self.lease.take() {
            target.give_back(sender);
        }
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
                    this.give_back();
                }
                if let Some(timer) = &mut this.timer {
                    timer.as_mut().reset(Instant::now() + this.idle);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(e))) => Poll::Ready(Some(Err(e.into()))),
            Poll::Ready(None) => {
                this.give_back();
                Poll::Ready(None)
            }
            Poll::Pending => {
                // Only an answer that keeps its reader waiting needs a timer.
                let idle = this.idle;
                let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
                match timer.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Some(Err("the upstream stopped sending".into()))),
                    Poll::Pending => Poll::Pending,
                }
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

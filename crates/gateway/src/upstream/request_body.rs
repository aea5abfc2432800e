//! The request body on its way to the upstream. A streamed one notes progress, so that the wait for a response can tell
//! a slow upload from a stalled one.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use guard::body::{BoxError, Forwarded};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// Counts the frames of a body that were sent.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

impl Progress {
    pub(super) fn frames(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request body.
pub(super) struct RequestBody {
    body: Forwarded<Incoming>,
    progress: Option<Progress>,
}

impl RequestBody {
    /// A body that the gateway holds completely.
    pub(super) fn held(bytes: Bytes) -> Self {
        RequestBody { body: Forwarded::held(bytes), progress: None }
    }

    /// A streamed body, and its progress.
    pub(super) fn streamed(body: Forwarded<Incoming>) -> (Self, Progress) {
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

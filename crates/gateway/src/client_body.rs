//! The body of a client's request. Over HTTP/2, what nobody reads of it is read on for a while: a stream that is reset behind
//! its answer (RFC 9113 §8.1) loses the answer for clients that still send, as libcurl before 8 does.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long the rest of a request is read after the answer, and the longest pause in it. A client that sends all before it
/// reads would lose the answer in the reset of a connection that was closed with unread bytes (RFC 9112 §9.6).
pub(crate) const LINGER: Duration = Duration::from_secs(10);
pub(crate) const LINGER_PAUSE: Duration = Duration::from_secs(2);
/// How much of it is read.
pub(crate) const LINGER_BYTES: usize = 16 * 1024 * 1024;

/// The body of a client's request.
pub(crate) struct ClientBody {
    /// Always there until it is dropped.
    body: Option<Incoming>,
    unread: Unread,
}

/// What becomes of what nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    /// It is left to the connection, which knows how to end.
    Left,
    /// It is read and thrown away.
    ReadOn,
}

impl ClientBody {
    pub(crate) fn over_http1(body: Incoming) -> Self {
        ClientBody { body: Some(body), unread: Unread::Left }
    }

    pub(crate) fn over_http2(body: Incoming) -> Self {
        ClientBody { body: Some(body), unread: Unread::ReadOn }
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.body.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for ClientBody {
    fn drop(&mut self) {
        let unread = self.body.take().filter(|body| self.unread == Unread::ReadOn && !body.is_end_stream());
        if let (Some(body), Ok(runtime)) = (unread, Handle::try_current()) {
            runtime.spawn(timeout(LINGER, read_on(body)));
        }
    }
}

/// Reads to the end, or until the client pauses for too long.
async fn read_on(mut body: Incoming) {
    let mut left = LINGER_BYTES;
    while let Ok(Some(Ok(frame))) = timeout(LINGER_PAUSE, body.frame()).await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return;
        }
    }
}

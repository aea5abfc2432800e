//! Counts reads and writes of a tunnel, so that idleness is visible from outside, and its bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use guard::Tunnel;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How often a stream was read or written.
#[derive(Clone, Default)]
pub(super) struct Activity(Arc<AtomicU64>);

impl Activity {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that counts its activity.
pub(super) struct ActivityStream<S> {
    stream: S,
    activity: Activity,
    tunnel: Tunnel,
}

impl<S> ActivityStream<S> {
    pub(super) fn new(stream: S, tunnel: Tunnel) -> Self {
        ActivityStream { stream, activity: Activity::default(), tunnel }
    }

    pub(super) fn activity(&self) -> Activity {
        self.activity.clone()
    }

    fn counted<T>(&self, poll: Poll<T>) -> Poll<T> {
        if poll.is_ready() {
            self.activity.0.fetch_add(1, Ordering::Relaxed);
        }
        poll
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ActivityStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.tunnel.received((buf.filled().len() - before) as u64);
        self.counted(poll)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ActivityStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(sent)) = &poll {
            self.tunnel.sent(*sent as u64);
        }
        self.counted(poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

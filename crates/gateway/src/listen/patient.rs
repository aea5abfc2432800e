//! A client's socket that does not wait for ever: a client that reads nothing of what is ready for it is disconnected.
//!
//! It stands below TLS and HTTP, so that it sees the writes of everything: answers of both protocols, tunnels, the end of
//! a TLS connection. A stream with pauses writes nothing meanwhile, and may pause.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A stream whose writes fail when none succeeds for some time.
pub(super) struct Patient<S> {
    stream: S,
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// The last write is waiting for the client.
    waits: bool,
    stalled: Stalled,
}

/// Whether a stream has failed because its client did not read.
#[derive(Debug, Clone, Default)]
pub(super) struct Stalled(Arc<AtomicBool>);

impl Stalled {
    pub(super) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The rule of events about clients that do not read.
pub(super) const DOES_NOT_READ: &str = "client-does-not-read";

/// What such an event says.
pub(super) fn does_not_read(what: &str, limit: Duration) -> String {
    let limit = policy::Period(limit);
    format!("{what} was closed: the client read nothing for {limit} ([gateway.timeouts] write)")
}

impl<S> Patient<S> {
    /// A stream that waits for its client for `limit` at most.
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Patient { stream, limit, timer: None, waits: false, stalled: Stalled::default() }
    }

    pub(super) fn stalled(&self) -> Stalled {
        self.stalled.clone()
    }

    /// Passes on the outcome of a write, unless the client has been waited for too long.
    fn timed<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = false;
            return written;
        }
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        if !self.waits {
            self.waits = true;
            timer.as_mut().reset(Instant::now() + limit);
        }
        if timer.as_mut().poll(cx).is_ready() {
            self.stalled.0.store(true, Ordering::Relaxed);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.timed(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.timed(cx, written)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn only_a_client_that_reads_nothing_is_given_up() {
        const LIMIT: Duration = Duration::from_secs(1);
        let (mut client, server) = tokio::io::duplex(8);
        let mut server = Patient::new(server, LIMIT);
        let stalled = server.stalled();
        server.write_all(b"12345678").await.unwrap();
        // A pause between two writes is no stall.
        sleep(LIMIT * 5 / 4).await;
        let reader = tokio::spawn(async move {
            let mut byte = [0];
            for _ in 0..6 {
                // Slow and steady, longer than the limit in all.
                sleep(LIMIT / 5).await;
                client.read_exact(&mut byte).await.unwrap();
            }
            client
        });
        server.write_all(b"abcdef").await.unwrap();
        let _client = reader.await.unwrap();
        assert!(!stalled.is_so());
        let error = server.write_all(b"g").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(stalled.is_so());
    }
}

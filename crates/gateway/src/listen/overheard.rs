//! A stream whose first bytes are kept, for what they say of the client.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Keeps what is read from a stream, up to a bound, until it is asked for.
pub(super) struct Overheard<S> {
    stream: S,
    heard: Vec<u8>,
    /// How much is still kept.
    left: usize,
}

impl<S> Overheard<S> {
    pub(super) fn new(stream: S, most: usize) -> Self {
        Overheard { stream, heard: Vec::new(), left: most }
    }

    /// What was read so far. Nothing is kept from here on.
    pub(super) fn heard(&mut self) -> Vec<u8> {
        self.left = 0;
        std::mem::take(&mut self.heard)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if self.left > 0 {
            let read = buf.filled().get(before..).unwrap_or_default();
            let kept = read.get(..self.left).unwrap_or(read);
            self.left -= kept.len();
            self.heard.extend_from_slice(kept);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

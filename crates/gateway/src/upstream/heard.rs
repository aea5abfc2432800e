//! A connection whose other side is heard to its end.
//!
//! A server that wants no body may answer and close while the body is still being sent (RFC 9112 §9.5 lets it). What is
//! written from then on fails, and the answer waits to be read. HTTP would give the connection up at the first error of a
//! write; here what cannot be written is left out, and reading says how it ends: with the answer, or without one.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection.
pub(super) struct Heard<S> {
    stream: S,
    /// Nobody takes what is written.
    is_deaf: bool,
    /// There is nothing left to read.
    is_over: bool,
}

impl<S> Heard<S> {
    pub(super) fn new(stream: S) -> Self {
        Heard { stream, is_deaf: false, is_over: false }
    }

    /// What becomes of a write of so many bytes. At the first that fails, reading gets its turn.
    fn written(
        &mut self,
        cx: &mut Context<'_>,
        length: usize,
        written: io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Err(error) if !self.is_over && is_end(&error) => match std::mem::replace(&mut self.is_deaf, true)
            {
                true => Poll::Ready(Ok(length)),
                false => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
            },
            written => Poll::Ready(written),
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionReset | ConnectionAborted)
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        self.is_over |= read.is_err() || (buf.filled().len() == before && buf.remaining() > 0);
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        self.written(cx, bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, pieces));
        self.written(cx, pieces.iter().map(|piece| piece.len()).sum(), written)
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

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream as StdStream};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// The other side reads a part of what is sent, may answer, and closes; the rest resets the connection.
    fn closes_early(mut far: StdStream, answer: &[u8]) {
        far.read_exact(&mut [0; 10]).unwrap();
        far.write_all(answer).unwrap();
    }

    #[tokio::test]
    async fn an_answer_is_read_though_nobody_takes_what_is_written() {
        for answer in [&b"HTTP/1.1 413 Content Too Large\r\n\r\n"[..], b""] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let mut near = Heard::new(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
            let far = listener.accept().unwrap().0;
            near.write_all(&[b'a'; 100]).await.unwrap();
            closes_early(far, answer);
            // The first is answered with a reset, the others fail.
            for _ in 0..10 {
                near.write_all(&[b'a'; 1000]).await.unwrap();
            }
            let mut read = Vec::new();
            let end = near.read_to_end(&mut read).await;
            assert_eq!(read, answer, "{end:?}");
            assert!(near.write_all(b"a").await.is_err(), "what is over is told");
        }
    }
}

//! The client's byte stream with the framing sentinel in front of the parser.
//!
//! A head that breaks a rule never reaches the parser. The stream replaces it with a synthetic request. The service
//! recognises that one by its number and answers with the refusal: in order, with an event, like every other refusal.

#![allow(clippy::indexing_slicing, reason = "`start <= end <= buffer.len()` is the invariant of the buffer")]

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use guard::framing::{FramingError, HeadLimits, Scan, Sentinel};
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::progress::{Progress, Upgrade};
use crate::client_body::{LINGER, LINGER_BYTES, LINGER_PAUSE};

/// Stands for a request that broke the framing.
const SYNTHETIC_REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nhost: refused\r\nuser-agent: -\r\nconnection: close\r\n\r\n";
/// Initial size of a connection's buffer for heads; it grows up to the limit of a head.
const FIRST_READ: usize = 4 * 1024;
/// Body bytes read at once, at most.
const LARGEST_READ: usize = 64 * 1024;

thread_local! {
    /// Buffer for bodies: one per worker, since nothing stays in it from one read to the next.
    static BODY_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; LARGEST_READ].into());
}

/// A stream whose bytes are judged before they are parsed.
pub(super) struct Framed<S> {
    stream: S,
    sentinel: Sentinel,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes from `start` that are judged and not handed out yet.
    passing: usize,
    /// A rule is broken: nothing more is read.
    poisoned: bool,
    progress: Arc<Progress>,
    closing: Closing,
}

/// How far the end of a connection is.
enum Closing {
    NotYet,
    /// The answer is sent; the rest of the request is read, and thrown away.
    Lingering {
        until: Instant,
        idle: Pin<Box<Sleep>>,
        left: usize,
    },
}

impl<S> Framed<S> {
    /// Judges `read`, which was read from the stream before, and then what the stream yields.
    pub(super) fn new(stream: S, read: &[u8], limits: HeadLimits, progress: Arc<Progress>) -> Self {
        let mut buffer = vec![0; FIRST_READ.max(read.len())];
        buffer[..read.len()].copy_from_slice(read);
        let sentinel = Sentinel::new(limits);
        Framed {
            stream,
            sentinel,
            buffer,
            start: 0,
            end: read.len(),
            passing: 0,
            poisoned: false,
            progress,
            closing: Closing::NotYet,
        }
    }

    /// Judges the buffered bytes. Returns whether there is something to hand out.
    fn judge(&mut self) -> io::Result<bool> {
        if self.sentinel.is_undecided() {
            match self.progress.take_upgrade() {
                Some(Upgrade::Granted) => self.sentinel.tunnel(),
                Some(Upgrade::Refused) => self.sentinel.resume(),
                None => return Ok(false),
            }
        }
        while self.start < self.end {
            match self.sentinel.scan(&self.buffer[self.start..self.end]) {
                Scan::Pass(count) => {
                    self.passing = count;
                    return Ok(true);
                }
                Scan::Skip(count) => self.start += count,
                Scan::More => return Ok(false),
                Scan::Refuse(error) if self.sentinel.is_at_head() => {
                    self.insert_synthetic_request(error);
                    return Ok(true);
                }
                Scan::Refuse(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
        Ok(false)
    }

    /// Whether what is here ends inside of a body.
    fn is_in_body(&self) -> bool {
        let ahead = &self.buffer[self.start + self.passing..self.end];
        let is_here = match self.sentinel.rest_of_length() {
            Some(left) => ahead.len() as u64 >= left,
            None => ahead.ends_with(b"0\r\n\r\n"),
        };
        self.sentinel.is_in_body() && !is_here
    }

    fn insert_synthetic_request(&mut self, error: FramingError) {
        self.progress.violated(self.sentinel.heads() + 1, error);
        self.poisoned = true;
        self.buffer.clear();
        self.buffer.extend_from_slice(SYNTHETIC_REQUEST);
        (self.start, self.end, self.passing) = (0, SYNTHETIC_REQUEST.len(), SYNTHETIC_REQUEST.len());
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.end < self.buffer.len() {
            return;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        } else {
            let larger = (self.buffer.len() * 2).max(FIRST_READ);
            self.buffer.resize(larger, 0);
        }
    }
}

impl<S: AsyncRead + Unpin> Framed<S> {
    /// Reads as much of a body as the parser has room for, and nothing beyond its end.
    fn poll_body(&mut self, cx: &mut Context<'_>, out: &mut ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        BODY_BUFFER.with_borrow_mut(|buffer| {
            let left = usize::try_from(self.sentinel.unchecked()).unwrap_or(usize::MAX);
            let room = buffer.len().min(out.remaining()).min(left);
            let mut space = ReadBuf::new(&mut buffer[..room]);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space))?;
            out.put_slice(space.filled());
            self.sentinel.passed(space.filled().len() as u64);
            self.progress.sends_body(self.sentinel.is_in_body());
            Poll::Ready(Ok(()))
        })
    }
}

impl<S: AsyncRead + Unpin> Framed<S> {
    /// Reads what the client still sends, until it ends or it has been long enough.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Closing::Lingering { until, idle, left } = &mut self.closing else { return Poll::Ready(()) };
        BODY_BUFFER.with_borrow_mut(|buffer| {
            loop {
                let mut space = ReadBuf::new(buffer);
                match Pin::new(&mut self.stream).poll_read(cx, &mut space) {
                    Poll::Ready(Ok(()))
                        if !space.filled().is_empty() && *left > 0 && Instant::now() < *until =>
                    {
                        *left = left.saturating_sub(space.filled().len());
                        idle.as_mut().reset(Instant::now() + LINGER_PAUSE);
                    }
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return idle.as_mut().poll(cx),
                }
            }
        })
    }
}

impl<S: AsyncRead + Unpin> Read for Framed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.passing > 0 || this.judge()? {
                let count = this.passing.min(out.remaining());
                out.put_slice(&this.buffer[this.start..this.start + count]);
                this.start += count;
                this.passing -= count;
                this.progress.sends_body(this.is_in_body());
                return Poll::Ready(Ok(()));
            }
            if this.poisoned || (this.sentinel.is_undecided() && this.start < this.end) {
                // Nothing more is read until the service has answered; then the parser asks again.
                return Poll::Pending;
            }
            if this.start == this.end && this.sentinel.unchecked() > 0 {
                return this.poll_body(cx, &mut out);
            }
            this.make_room();
            let mut space = ReadBuf::new(&mut this.buffer[this.end..]);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut space))?;
            let count = space.filled().len();
            if count == 0 {
                return Poll::Ready(Ok(()));
            }
            this.end += count;
            if this.sentinel.is_at_head() {
                this.progress.head_began();
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Write for Framed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if matches!(this.closing, Closing::NotYet) {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            if !this.sentinel.is_in_body() && !this.poisoned {
                return Poll::Ready(Ok(()));
            }
            let idle = Box::pin(sleep(LINGER_PAUSE));
            this.closing = Closing::Lingering { until: Instant::now() + LINGER, idle, left: LINGER_BYTES };
        }
        this.poll_linger(cx).map(Ok)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }
}

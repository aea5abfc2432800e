//! The client's byte stream with the framing sentinel in front of the parser.
//!
//! A head that breaks a rule never reaches the parser. In its place stands a request that nobody sent, which the
//! service knows by its number and answers with the refusal: in order, with an event, like every other refusal.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use guard::framing::{FramingError, HeadLimits, Scan, Sentinel};
use http_body::{Body, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What stands in for a request that broke the framing.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nuser-agent: -\r\nconnection: close\r\n\r\n";
/// A connection's own buffer, for heads; it grows with them, up to their limit.
const FIRST_READ: usize = 4 * 1024;
/// The most that is read of a body at once.
const LARGEST_READ: usize = 64 * 1024;

thread_local! {
    /// Where bodies pass through: one for a worker, as nothing stays in it from one read to the next.
    static PASSAGE: RefCell<Box<[u8]>> = RefCell::new(vec![0; LARGEST_READ].into());
}

/// What the stream and the service of one connection tell each other.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    violation: OnceLock<(u64, FramingError)>,
    requests: AtomicU64,
    upgrade: AtomicU8,
    /// Ticks of the connection's watchdog, and the tick at which the client was last owed a head; see `connection`.
    pub(crate) tick: AtomicU32,
    waiting_since: AtomicU32,
    head_began: AtomicBool,
    tunnelled: AtomicBool,
}

/// What the client is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owed {
    /// Nothing: an exchange is under way.
    Nothing,
    /// Its first request, or the rest of a head that it began, for so many ticks.
    Head(u32),
    /// Another request on a connection that served before, for so many ticks.
    Next(u32),
}

const UNDECIDED: u8 = 0;
const GRANTED: u8 = 1;
const REFUSED: u8 = 2;
const NOT_WAITING: u32 = u32::MAX;

impl Shared {
    /// Counts a request. What its framing breaks, when it is a stand-in.
    pub(crate) fn next_request(&self) -> Option<FramingError> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        self.waiting_since.store(NOT_WAITING, Ordering::Relaxed);
        self.violation.get().filter(|(at, _)| *at == number).map(|(_, error)| *error)
    }

    /// An answer has ended: the next head may be waited for.
    pub(crate) fn answered(&self) {
        if self.tunnelled.load(Ordering::Relaxed) {
            return;
        }
        self.head_began.store(false, Ordering::Relaxed);
        self.waiting_since.store(self.tick.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The answer to an upgrade: what follows is a tunnel, or the next request.
    pub(crate) fn upgrade(&self, granted: bool) {
        self.upgrade.store(if granted { GRANTED } else { REFUSED }, Ordering::Release);
        self.tunnelled.store(granted, Ordering::Relaxed);
    }

    /// A head has begun to come, and has to come whole.
    fn head_began(&self) {
        let waiting = self.waiting_since.load(Ordering::Relaxed) != NOT_WAITING;
        if waiting && !self.head_began.swap(true, Ordering::Relaxed) {
            self.waiting_since.store(self.tick.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// What the client is waited for, and how long already.
    pub(crate) fn owed(&self) -> Owed {
        let ticks = match self.waiting_since.load(Ordering::Relaxed) {
            NOT_WAITING => return Owed::Nothing,
            since => self.tick.load(Ordering::Relaxed).saturating_sub(since),
        };
        let first = self.requests.load(Ordering::Relaxed) == 0;
        if first || self.head_began.load(Ordering::Relaxed) { Owed::Head(ticks) } else { Owed::Next(ticks) }
    }
}

/// A stream whose bytes are judged before they are parsed.
pub(crate) struct Framed<S> {
    stream: S,
    sentinel: Sentinel,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    passing: usize,
    poisoned: bool,
    shared: Arc<Shared>,
}

impl<S> Framed<S> {
    /// A stream of which some bytes were read already.
    pub(crate) fn new(stream: S, read: &[u8], limits: HeadLimits, shared: Arc<Shared>) -> Self {
        let mut buffer = vec![0; FIRST_READ.max(read.len())];
        buffer[..read.len()].copy_from_slice(read);
        let sentinel = Sentinel::new(limits);
        Framed { stream, sentinel, buffer, start: 0, end: read.len(), passing: 0, poisoned: false, shared }
    }

    /// Judges what is buffered. Whether there is something to hand out.
    fn judge(&mut self) -> io::Result<bool> {
        if self.sentinel.is_undecided() {
            match self.shared.upgrade.swap(UNDECIDED, Ordering::Acquire) {
                GRANTED => self.sentinel.tunnel(),
                REFUSED => self.sentinel.resume(),
                _ => return Ok(false),
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
                    self.stand_in(error);
                    return Ok(true);
                }
                Scan::Refuse(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
        Ok(false)
    }

    fn stand_in(&mut self, error: FramingError) {
        // Set once: after this the connection is not read any more.
        let _ = self.shared.violation.set((self.sentinel.heads() + 1, error));
        self.poisoned = true;
        self.buffer.clear();
        self.buffer.extend_from_slice(STAND_IN);
        (self.start, self.end, self.passing) = (0, STAND_IN.len(), STAND_IN.len());
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
    /// Reads of a body what the parser has room for, and nothing of what follows it.
    fn poll_body(&mut self, cx: &mut Context<'_>, out: &mut ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        PASSAGE.with_borrow_mut(|passage| {
            let left = usize::try_from(self.sentinel.unchecked()).unwrap_or(usize::MAX);
            let room = passage.len().min(out.remaining()).min(left);
            let mut space = ReadBuf::new(&mut passage[..room]);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space))?;
            out.put_slice(space.filled());
            self.sentinel.passed(space.filled().len() as u64);
            Poll::Ready(Ok(()))
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
                this.shared.head_began();
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Write for Framed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
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

/// An answer's body that says when it has ended, however it ends.
pub(crate) struct Tracked<B> {
    body: B,
    shared: Arc<Shared>,
}

impl<B> Tracked<B> {
    pub(crate) fn new(body: B, shared: Arc<Shared>) -> Self {
        Tracked { body, shared }
    }
}

impl<B> Drop for Tracked<B> {
    fn drop(&mut self) {
        self.shared.answered();
    }
}

impl<B: Body + Unpin> Body for Tracked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

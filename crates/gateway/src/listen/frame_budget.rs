//! What a client may send over HTTP/2 that is no request: frames that cost the gateway work and ask for nothing.
//!
//! Below the parser, the headers of frames are read as they pass (RFC 9113 §4.1). A connection that sends more settings,
//! pings, resets or windows than a client has use for is closed, and so is one whose header block does not end in time. A read
//! also ends after a while, so that one busy connection does not keep the others of its thread waiting.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are read before others of the thread have their turn.
const TURN: usize = 64 * 1024;

/// Frames without use in a second, and how many may come at once. A browser that leaves a page resets all its streams.
const PER_SECOND: f64 = 200.0;
const AT_ONCE: f64 = 1000.0;
/// Resets likewise: each gives up a request that costs the gateway work.
const RESETS_PER_SECOND: f64 = 50.0;
const RESETS_AT_ONCE: f64 = 300.0;
/// Bytes that are sent for each further frame: clients of gRPC ping while answers come, to measure the way.
const BYTES_PER_FRAME: f64 = 96.0;
/// Windows likewise, beside those that answers ask for: one for so many bytes that were sent.
const WINDOWS_PER_SECOND: f64 = 1000.0;
const BYTES_PER_WINDOW: f64 = 512.0;

/// Bytes before the first frame (RFC 9113 §3.4).
const PREFACE: usize = 24;
/// Of the header of a frame.
const HEADER: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// A stream of HTTP/2 whose frames are counted.
pub(super) struct FrameBudget<S> {
    stream: S,
    frames: Frames,
    turn: usize,
}

/// Why a connection is closed.
pub(super) const TOO_MANY_FRAMES: &str = "too many frames";
pub(super) const SLOW_HEADERS: &str = "a header block that does not end";

impl<S> FrameBudget<S> {
    /// A header block has to end within `head`.
    pub(super) fn new(stream: S, head: Duration) -> Self {
        FrameBudget { stream, frames: Frames::new(head, Instant::now()), turn: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FrameBudget<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.turn >= TURN {
            this.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        match &polled {
            Poll::Pending => this.turn = 0,
            Poll::Ready(Ok(())) => {
                let read = buf.filled().get(before..).unwrap_or_default();
                this.turn += read.len();
                if let Err(why) = this.frames.pass(read, Instant::now()) {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::QuotaExceeded, why)));
                }
            }
            Poll::Ready(Err(_)) => {}
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FrameBudget<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = &polled {
            this.frames.windows.earn(*written as f64 / BYTES_PER_WINDOW);
            this.frames.others.earn(*written as f64 / BYTES_PER_FRAME);
        }
        polled
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// The frames of a connection, one after the other.
struct Frames {
    /// Bytes that pass before the next header.
    rest: usize,
    header: [u8; HEADER],
    filled: usize,
    others: Bucket,
    resets: Bucket,
    windows: Bucket,
    head: Duration,
    /// Since when a header block is open.
    open: Option<Instant>,
}

impl Frames {
    fn new(head: Duration, now: Instant) -> Self {
        Frames {
            rest: PREFACE,
            header: [0; HEADER],
            filled: 0,
            others: Bucket::new(PER_SECOND, AT_ONCE, now),
            resets: Bucket::new(RESETS_PER_SECOND, RESETS_AT_ONCE, now),
            windows: Bucket::new(WINDOWS_PER_SECOND, AT_ONCE, now),
            head,
            open: None,
        }
    }

    /// Takes note of bytes that were read.
    fn pass(&mut self, mut bytes: &[u8], now: Instant) -> Result<(), &'static str> {
        while !bytes.is_empty() {
            let skipped = self.rest.min(bytes.len());
            self.rest -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let wanted = self.header.get_mut(self.filled..).unwrap_or_default();
            if self.rest > 0 || bytes.is_empty() {
                break;
            }
            let taken = wanted.len().min(bytes.len());
            for (to, from) in wanted.iter_mut().zip(bytes) {
                *to = *from;
            }
            bytes = bytes.get(taken..).unwrap_or_default();
            self.filled += taken;
            if self.filled == HEADER {
                self.filled = 0;
                self.frame(now)?;
            }
        }
        match self.open {
            Some(since) if now.duration_since(since) > self.head => Err(SLOW_HEADERS),
            _ => Ok(()),
        }
    }

    fn frame(&mut self, now: Instant) -> Result<(), &'static str> {
        let [a, b, c, kind, flags, ..] = self.header;
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        self.rest = length;
        let is_open = |since: Option<Instant>| {
            if flags & END_HEADERS == 0 { since.or(Some(now)) } else { None }
        };
        let is_within = match kind {
            HEADERS => {
                self.open = is_open(None);
                true
            }
            CONTINUATION => {
                self.open = is_open(self.open);
                self.others.take(now)
            }
            // An empty one may end a body.
            DATA => length > 0 || self.others.take(now),
            WINDOW_UPDATE => self.windows.take(now),
            RST_STREAM => self.resets.take(now),
            _ => self.others.take(now),
        };
        if is_within { Ok(()) } else { Err(TOO_MANY_FRAMES) }
    }
}

/// A bucket of tokens.
struct Bucket {
    tokens: f64,
    most: f64,
    per_second: f64,
    filled: Instant,
}

impl Bucket {
    fn new(per_second: f64, most: f64, now: Instant) -> Self {
        Bucket { tokens: most, most, per_second, filled: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        let since = now.duration_since(self.filled).as_secs_f64();
        self.filled = now;
        // What was earned beyond is kept, and nothing fills up beyond.
        if self.tokens < self.most {
            self.tokens = (self.tokens + since * self.per_second).min(self.most);
        }
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    /// What an answer earns its client stays until the client has used it.
    fn earn(&mut self, tokens: f64) {
        const MOST: f64 = 1_000_000.0;
        self.tokens = (self.tokens + tokens).min(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![
            0,
            u8::try_from(length >> 8).unwrap(),
            u8::try_from(length & 0xff).unwrap(),
            kind,
            flags,
            0,
            0,
            0,
            1,
        ];
        frame.resize(HEADER + length, 0xff);
        frame
    }

    /// How many frames of a kind pass within a second.
    fn passing(kind: u8, length: usize, pieces: usize, sent: usize) -> usize {
        let begin = Instant::now();
        let mut frames = Frames::new(Duration::from_secs(10), begin);
        frames.pass(&[0; PREFACE], begin).unwrap();
        frames.windows.earn(sent as f64 / BYTES_PER_WINDOW);
        let bytes = frame(kind, END_HEADERS, length);
        (0..100_000)
            .take_while(|nth| {
                let now = begin + Duration::from_micros(10 * nth);
                bytes.chunks(pieces).all(|piece| frames.pass(piece, now).is_ok())
            })
            .count()
    }

    #[test]
    fn what_asks_for_nothing_has_a_bound_and_what_asks_has_none() {
        // Resets, settings, pings, priorities, unknown ones, empty data, however they are cut.
        for kind in [2, 4, 6, 0x2a] {
            for pieces in [1, 7, 9, 64] {
                assert!((1000..1010).contains(&passing(kind, 8, pieces, 0)), "{kind} {pieces}");
            }
        }
        assert!((300..310).contains(&passing(RST_STREAM, 4, 64, 0)));
        assert!((1000..1010).contains(&passing(DATA, 0, 64, 0)));
        assert_eq!(passing(DATA, 100, 64, 0), 100_000);
        assert_eq!(passing(HEADERS, 20, 5, 0), 100_000);
        // A client takes a large answer, with a window for each of its frames.
        assert!((1000..1020).contains(&passing(WINDOW_UPDATE, 4, 64, 0)));
        assert!(passing(WINDOW_UPDATE, 4, 64, 16 * 1024 * 50_000) == 100_000);
    }

    #[test]
    fn a_header_block_ends_in_time() {
        let begin = Instant::now();
        let mut frames = Frames::new(Duration::from_secs(10), begin);
        frames.pass(&[0; PREFACE], begin).unwrap();
        frames.pass(&frame(HEADERS, 0, 5), begin).unwrap();
        frames.pass(&frame(CONTINUATION, 0, 5), begin + Duration::from_secs(9)).unwrap();
        assert_eq!(
            frames.pass(&frame(CONTINUATION, 0, 5), begin + Duration::from_secs(11)),
            Err(SLOW_HEADERS)
        );
        let mut frames = Frames::new(Duration::from_secs(10), begin);
        frames.pass(&[0; PREFACE], begin).unwrap();
        frames.pass(&frame(HEADERS, 0, 5), begin).unwrap();
        frames.pass(&frame(CONTINUATION, END_HEADERS, 5), begin).unwrap();
        frames.pass(&frame(DATA, 0, 5), begin + Duration::from_secs(60)).unwrap();
    }
}

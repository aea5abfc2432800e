//! The bodies that pass through the guard.

// Fields of a projected enum variant take no docs through the macro.
#![allow(missing_docs)]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use inputs::slice::tail;
use pin_project_lite::pin_project;

/// An error of a body, of whatever makes it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pin_project! {
    /// What the upstream gets: a body that was held back, or a stream that is inspected as it passes.
    #[project = ForwardedProjection]
    pub enum Forwarded<B> {
        /// A body that was held back and may pass. `None` once it is sent, or when there is none.
        Held { bytes: Option<Bytes> },
        /// A stream.
        Streamed { #[pin] body: B, window: Window },
    }
}

impl<B> Forwarded<B> {
    /// A body that was held back.
    pub fn held(bytes: Bytes) -> Self {
        Forwarded::Held { bytes: Some(bytes).filter(|b| !b.is_empty()) }
    }

    /// The bytes, when the body was held: the request can be sent again.
    pub fn bytes(&self) -> Option<Bytes> {
        match self {
            Forwarded::Held { bytes } => Some(bytes.clone().unwrap_or_default()),
            Forwarded::Streamed { .. } => None,
        }
    }

    /// Whether a judge has ended the stream, to be asked after the body was handed on. `None` for a held body.
    pub fn refusal(&self) -> Option<Refused> {
        match self {
            Forwarded::Held { .. } => None,
            Forwarded::Streamed { window, .. } => Some(window.refused.clone()),
        }
    }
}

/// Whether a stream was ended by a judge.
#[derive(Debug, Clone, Default)]
pub struct Refused(Arc<AtomicBool>);

impl Refused {
    /// Whether it was.
    pub fn is_so(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Judges a window of a stream; an error ends the stream.
pub type Judge = Box<dyn FnMut(&[u8]) -> Result<(), BoxError> + Send + Sync>;

/// The piece that passes, judged together with the end of the one before it.
pub struct Window {
    tail: BytesMut,
    judge: Option<Judge>,
    refused: Refused,
}

impl Window {
    /// How much of a piece is kept for the next one.
    const OVERLAP: usize = 256;

    /// A window with a judge, or without one.
    pub fn new(judge: Option<Judge>) -> Self {
        Window { tail: BytesMut::new(), judge, refused: Refused::default() }
    }

    fn check(&mut self, piece: &[u8]) -> Result<(), BoxError> {
        let Some(judge) = &mut self.judge else { return Ok(()) };
        self.tail.extend_from_slice(piece);
        if let Err(error) = judge(&self.tail) {
            self.refused.0.store(true, Ordering::Release);
            return Err(error);
        }
        let judged = self.tail.len().saturating_sub(Self::OVERLAP);
        self.tail = BytesMut::from(tail(&self.tail, judged));
        Ok(())
    }
}

impl<B> Body for Forwarded<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project() {
            ForwardedProjection::Held { bytes } => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            ForwardedProjection::Streamed { body, window } => {
                let frame = match ready!(body.poll_frame(cx)) {
                    Some(Ok(frame)) => frame,
                    Some(Err(e)) => return Poll::Ready(Some(Err(e.into()))),
                    None => return Poll::Ready(None),
                };
                if let Some(data) = frame.data_ref()
                    && let Err(e) = window.check(data)
                {
                    return Poll::Ready(Some(Err(e)));
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Forwarded::Held { bytes } => bytes.is_none(),
            Forwarded::Streamed { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Forwarded::Held { bytes } => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Forwarded::Streamed { body, .. } => body.size_hint(),
        }
    }
}

/// Told how an answer ended, when its body is dropped.
pub trait OnEnd: Send + Sync {
    /// The answer ended after so many bytes of body.
    fn ended(&mut self, bytes: u64);
}

pin_project! {
    /// What the client gets: an answer made or held here, or the upstream's stream.
    pub struct Outgoing<B> {
        #[pin]
        source: Source<B>,
        sent: u64,
        on_end: Option<Box<dyn OnEnd>>,
    }
    impl<B> PinnedDrop for Outgoing<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(mut on_end) = this.on_end.take() {
                on_end.ended(*this.sent);
            }
        }
    }
}

pin_project! {
    #[project = SourceProjection]
    enum Source<B> {
        Held { bytes: Option<Bytes>, trailers: Option<HeaderMap> },
        Streamed { #[pin] body: B },
        Resumed { read: Option<Bytes>, body: Pin<Box<B>> },
        Broken { read: Option<Bytes>, sent: bool, error: Option<BoxError> },
    }
}

impl<B> Outgoing<B> {
    /// An answer that is here as a whole.
    pub fn held(bytes: Bytes) -> Self {
        Outgoing::held_with(bytes, None)
    }

    /// The same, with trailers.
    pub(crate) fn held_with(bytes: Bytes, trailers: Option<HeaderMap>) -> Self {
        let bytes = Some(bytes).filter(|b| !b.is_empty());
        Outgoing { source: Source::Held { bytes, trailers }, sent: 0, on_end: None }
    }

    /// An answer that passes as it comes.
    pub fn streamed(body: B) -> Self {
        Outgoing { source: Source::Streamed { body }, sent: 0, on_end: None }
    }

    /// An answer of which the beginning was read already.
    pub fn resumed(read: Bytes, body: Pin<Box<B>>) -> Self {
        Outgoing {
            source: Source::Resumed { read: Some(read).filter(|b| !b.is_empty()), body },
            sent: 0,
            on_end: None,
        }
    }

    /// An answer that breaks off behind its beginning.
    pub(crate) fn broken(read: Bytes) -> Self {
        let (read, error) = (Some(read).filter(|b| !b.is_empty()), Some("the answer broke off".into()));
        Outgoing { source: Source::Broken { read, sent: false, error }, sent: 0, on_end: None }
    }

    /// Tells somebody when it ends.
    #[must_use]
    pub fn on_end(mut self, on_end: Box<dyn OnEnd>) -> Self {
        self.on_end = Some(on_end);
        self
    }
}

impl<B> Body for Outgoing<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.project();
        let frame = match this.source.project() {
            SourceProjection::Held { bytes, trailers } => {
                let data = bytes.take().map(Frame::data);
                data.or_else(|| trailers.take().map(Frame::trailers)).map(Ok)
            }
            SourceProjection::Broken { read, sent, error } => match read.take() {
                Some(read) => Some(Ok(Frame::data(read))),
                // What was read goes out before the connection is closed.
                None if !std::mem::replace(sent, true) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => error.take().map(Err),
            },
            SourceProjection::Streamed { body } => ready!(body.poll_frame(cx)).map(|f| f.map_err(Into::into)),
            SourceProjection::Resumed { read, body } => match read.take() {
                Some(read) => Some(Ok(Frame::data(read))),
                None => ready!(body.as_mut().poll_frame(cx)).map(|f| f.map_err(Into::into)),
            },
        };
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            *this.sent += data.len() as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Held { bytes, trailers } => bytes.is_none() && trailers.is_none(),
            Source::Broken { error, .. } => error.is_none(),
            Source::Streamed { body } => body.is_end_stream(),
            Source::Resumed { read, body } => read.is_none() && body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Held { bytes, trailers: None } => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64))
            }
            // HTTP/1.1 has no trailers behind a length.
            Source::Held { .. } | Source::Broken { .. } => SizeHint::new(),
            Source::Streamed { body } => body.size_hint(),
            Source::Resumed { read, body } => {
                let (read, hint) = (read.as_ref().map_or(0, |r| r.len() as u64), body.size_hint());
                let mut whole = SizeHint::new();
                whole.set_lower(hint.lower() + read);
                if let Some(upper) = hint.upper() {
                    whole.set_upper(upper + read);
                }
                whole
            }
        }
    }
}

/// A body that is held.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) bytes: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

/// A body that could not be held.
#[derive(Debug)]
pub(crate) struct CollectError {
    pub(crate) why: Unheld,
    /// What was read of it.
    pub(crate) read: Bytes,
}

/// Why a body could not be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unheld {
    /// It is longer than the limit.
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// It broke off.
    Broken,
}

/// Holds a body of at most `limit` bytes, read within a time.
pub(crate) async fn collect<B>(
    body: B,
    limit: usize,
    patience: std::time::Duration,
) -> Result<Collected, CollectError>
where
    B: Body<Data = Bytes>,
{
    if body.is_end_stream() {
        return Ok(Collected::default());
    }
    if body.size_hint().lower() > limit as u64 {
        return Err(CollectError { why: Unheld::TooLarge, read: Bytes::new() });
    }
    let mut pieces = Pieces::default();
    let outcome = {
        let mut read = std::pin::pin!(pieces.read(body, limit));
        // A body that is already here needs no timer.
        match std::future::poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await {
            Poll::Ready(done) => done,
            Poll::Pending => tokio::time::timeout(patience, read).await.unwrap_or(Err(Unheld::TooSlow)),
        }
    };
    let trailers = pieces.trailers.take();
    match outcome {
        Ok(()) => Ok(Collected { bytes: pieces.joined(), trailers }),
        Err(why) => Err(CollectError { why, read: pieces.joined() }),
    }
}

/// What was read of a body so far. Most bodies come in one piece, which then need not be copied.
#[derive(Default)]
struct Pieces {
    first: Option<Bytes>,
    all: BytesMut,
    trailers: Option<HeaderMap>,
}

impl Pieces {
    async fn read<B: Body<Data = Bytes>>(&mut self, body: B, limit: usize) -> Result<(), Unheld> {
        let mut body = std::pin::pin!(body);
        let mut total = 0usize;
        while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            match frame.map_err(|_| Unheld::Broken)?.into_data() {
                Ok(data) => {
                    total += data.len();
                    self.add(data);
                }
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
            if total > limit {
                return Err(Unheld::TooLarge);
            }
        }
        Ok(())
    }

    fn add(&mut self, data: Bytes) {
        match &self.first {
            None => self.first = Some(data),
            Some(start) => {
                if self.all.is_empty() {
                    self.all.extend_from_slice(start);
                }
                self.all.extend_from_slice(&data);
            }
        }
    }

    fn joined(self) -> Bytes {
        if self.all.is_empty() { self.first.unwrap_or_default() } else { self.all.freeze() }
    }
}

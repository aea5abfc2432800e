//! The bodies that pass through the guard.

// Fields of a projected enum variant take no docs through the macro.
#![allow(missing_docs)]

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pub use super::metered::Metered;
use super::window::Window;
pub use super::window::{BoxError, Refused};
use crate::held::Share;

pin_project! {
    /// What the upstream gets: a body that was held back, or a stream that is inspected as it passes.
    #[project = ForwardedProjection]
    pub enum Forwarded<B> {
        /// A body that was held back and may pass. `None` once it is sent, or when there is none.
        Held { bytes: Option<Bytes> },
        /// A stream.
        Streamed { #[pin] body: Metered<B>, window: Window },
        /// What was read of a body before it turned out to be too long to be held, and the rest of it as a stream.
        Resumed { first: Bytes, body: Pin<Box<Metered<B>>>, window: Window, share: Share },
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
            Forwarded::Streamed { .. } | Forwarded::Resumed { .. } => None,
        }
    }

    /// Whether a judge has ended the stream, to be asked after the body was handed on. `None` for a held body.
    pub fn refusal(&self) -> Option<Refused> {
        match self {
            Forwarded::Held { .. } => None,
            Forwarded::Streamed { window, .. } | Forwarded::Resumed { window, .. } => Some(window.refused()),
        }
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
            ForwardedProjection::Streamed { body, window } => poll_window(body, window, cx),
            ForwardedProjection::Resumed { first, body, window, share } => {
                if first.is_empty() {
                    return poll_window(body.as_mut(), window, cx);
                }
                let piece = first.split_to(PIECE.min(first.len()));
                // It can only become less.
                let _ = share.resize(first.len());
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Forwarded::Held { bytes } => bytes.is_none(),
            Forwarded::Streamed { body, window } => body.is_end_stream() && window.is_empty(),
            Forwarded::Resumed { first, body, window, .. } => {
                first.is_empty() && body.is_end_stream() && window.is_empty()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Forwarded::Held { bytes } => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Forwarded::Streamed { window, .. } if !window.keeps_length() => SizeHint::new(),
            Forwarded::Streamed { body, window } => longer(&body.size_hint(), window.kept()),
            Forwarded::Resumed { first, body, window, .. } => {
                longer(&body.size_hint(), first.len() + window.kept())
            }
        }
    }
}

/// The next piece of a stream that may pass.
fn poll_window<B>(
    mut body: Pin<&mut B>,
    window: &mut Window,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, BoxError>>>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    while !window.is_ended() {
        let passed = match body.as_mut().poll_frame(cx) {
            Poll::Pending => ready!(window.poll_waiting(cx)),
            Poll::Ready(Some(Err(e))) => return Poll::Ready(Some(Err(e.into()))),
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(piece) => window.pass(piece),
                // No door judges trailers, and no client of an API sends any.
                Err(_) => window.end(),
            },
            Poll::Ready(None) => window.end(),
        };
        match passed {
            // It waits for more.
            Ok(piece) if piece.is_empty() => {}
            passed => return Poll::Ready(Some(passed.map(Frame::data))),
        }
    }
    Poll::Ready(None)
}

/// The length of a body behind so many bytes.
pub(crate) fn longer(hint: &SizeHint, here: usize) -> SizeHint {
    let here = here as u64;
    let mut whole = SizeHint::new();
    whole.set_lower(hint.lower() + here);
    if let Some(upper) = hint.upper() {
        whole.set_upper(upper + here);
    }
    whole
}

/// Told how an answer ended, when its body is dropped.
pub trait OnEnd: Send + Sync {
    /// The answer ended after so many bytes of body.
    fn ended(&mut self, bytes: u64, end: End);
}

/// The error of an answer whose upstream sends nothing for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the upstream stopped sending")]
pub struct Stalled;

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All of it was handed to the client's connection.
    Whole,
    /// The client left, or did not read on.
    CutByClient,
    /// The upstream, or a door, broke it off.
    CutByUpstream,
}

pin_project! {
    /// What the client gets: an answer made or held here, or the upstream's stream.
    pub struct Outgoing<B> {
        #[pin]
        source: Source<B>,
        // What is left of a piece that is too large for the client to get at once.
        rest: Bytes,
        sent: u64,
        // What ends it instead of an error when its upstream stops sending.
        if_stalled: Option<HeaderMap>,
        // How it has ended, if it is dropped now.
        end: End,
        on_end: Option<Box<dyn OnEnd>>,
        // What is held of it counts until it has ended.
        share: Option<Share>,
    }
    impl<B> PinnedDrop for Outgoing<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(mut on_end) = this.on_end.take() {
                on_end.ended(*this.sent, *this.end);
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

/// Bytes of an answer that are given to the connection at once. What it has been given is out of sight: nothing tells
/// whether the client reads it.
const PIECE: usize = 64 * 1024;

impl<B> Outgoing<B> {
    /// An answer that is here as a whole.
    pub fn held(bytes: Bytes) -> Self {
        Outgoing::held_with(bytes, None)
    }

    /// The same, with trailers.
    pub(crate) fn held_with(bytes: Bytes, trailers: Option<HeaderMap>) -> Self {
        Outgoing::new(Source::Held { bytes: Some(bytes).filter(|b| !b.is_empty()), trailers })
    }

    /// An answer that passes as it comes.
    pub fn streamed(body: B) -> Self {
        Outgoing::new(Source::Streamed { body })
    }

    /// An answer of which the beginning was read already.
    pub fn resumed(read: Bytes, body: Pin<Box<B>>) -> Self {
        Outgoing::new(Source::Resumed { read: Some(read).filter(|b| !b.is_empty()), body })
    }

    /// An answer that breaks off behind its beginning.
    pub(crate) fn broken(read: Bytes) -> Self {
        let (read, error) = (Some(read).filter(|b| !b.is_empty()), Some("the answer broke off".into()));
        Outgoing::new(Source::Broken { read, sent: false, error })
    }

    fn new(source: Source<B>) -> Self {
        Outgoing {
            source,
            rest: Bytes::new(),
            sent: 0,
            if_stalled: None,
            end: End::CutByClient,
            on_end: None,
            share: None,
        }
    }

    /// Counts as held, until it has ended, what is held of it.
    pub(crate) fn holding(mut self, share: Share) -> Self {
        self.share = Some(share);
        self
    }
}

impl<B: Body<Data = Bytes>> Outgoing<B> {
    /// Ends it with trailers, and not with an error, when its upstream stops sending ([`Stalled`]).
    pub(crate) fn if_stalled(mut self, trailers: Option<HeaderMap>) -> Self {
        self.if_stalled = trailers;
        self
    }

    /// Tells somebody when it ends.
    #[must_use]
    pub fn on_end(mut self, on_end: Box<dyn OnEnd>) -> Self {
        if self.is_done() {
            self.end = End::Whole;
        }
        self.on_end = Some(on_end);
        self
    }

    /// Whether nothing more comes.
    fn is_done(&self) -> bool {
        self.rest.is_empty()
            && match &self.source {
                Source::Held { bytes, trailers } => bytes.is_none() && trailers.is_none(),
                Source::Broken { error, .. } => error.is_none(),
                Source::Streamed { body } => body.is_end_stream(),
                Source::Resumed { read, body } => read.is_none() && body.is_end_stream(),
            }
    }
}

impl<B> Outgoing<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    /// The next piece, of a size that the client gets at once.
    fn poll_piece(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.project();
        if !this.rest.is_empty() {
            let piece = this.rest.split_to(PIECE.min(this.rest.len()));
            *this.sent += piece.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
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
        Poll::Ready(frame.map(|frame| {
            frame.map(|frame| match frame.into_data() {
                Ok(mut piece) => {
                    *this.rest = piece.split_off(PIECE.min(piece.len()));
                    *this.sent += piece.len() as u64;
                    Frame::data(piece)
                }
                Err(trailers) => trailers,
            })
        }))
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
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(self.as_mut().poll_piece(cx));
        // An answer that has said its length has no trailers.
        if matches!(&frame, Some(Err(error)) if error.is::<Stalled>())
            && self.size_hint().exact().is_none()
            && let Some(trailers) = self.as_mut().project().if_stalled.take()
        {
            let mut this = self.project();
            this.source.set(Source::Held { bytes: None, trailers: None });
            *this.end = End::CutByUpstream;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let end = match &frame {
            Some(Err(_)) => End::CutByUpstream,
            Some(Ok(_)) if !self.is_done() => End::CutByClient,
            _ => End::Whole,
        };
        *self.project().end = end;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.is_done()
    }

    fn size_hint(&self) -> SizeHint {
        let (here, hint) = match &self.source {
            Source::Held { bytes, trailers: None } => {
                (bytes.as_ref().map_or(0, Bytes::len), SizeHint::with_exact(0))
            }
            // HTTP/1.1 has no trailers behind a length.
            Source::Held { .. } | Source::Broken { .. } => return SizeHint::new(),
            Source::Streamed { body } => (0, body.size_hint()),
            Source::Resumed { read, body } => (read.as_ref().map_or(0, Bytes::len), body.size_hint()),
        };
        longer(&hint, here + self.rest.len())
    }
}

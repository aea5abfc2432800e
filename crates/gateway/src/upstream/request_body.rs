//! The request body on its way to the upstream. A streamed one notes how it goes, so that a slow upload can be told from a
//! slow upstream, and a client that sends too slowly is given up.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use guard::ForwardError;
use guard::body::{BoxError, Forwarded};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::client_body::ClientBody;

/// How an exchange with a streamed request goes, for both of its directions.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Counts>);

#[derive(Default)]
struct Counts {
    /// Frames of the request that were sent.
    sent: AtomicU64,
    /// Frames of the answer that were received.
    received: AtomicU64,
    /// The next frame of the request is the client's to send.
    waits: AtomicBool,
    /// The request was sent to its end.
    complete: AtomicBool,
    fault: AtomicU8,
}

const TOO_SLOW: u8 = 1;
const LEFT: u8 = 2;

impl Progress {
    pub(super) fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    pub(super) fn waits_for_client(&self) -> bool {
        self.0.waits.load(Ordering::Relaxed)
    }

    /// Whether the request was sent to its end.
    pub(super) fn is_complete(&self) -> bool {
        self.0.complete.load(Ordering::Relaxed)
    }

    /// Notes that a frame of the answer is here.
    pub(super) fn received(&self) {
        self.0.received.fetch_add(1, Ordering::Relaxed);
    }

    /// Why the client has ended the request, if it has.
    pub(super) fn fault(&self) -> Option<ForwardError> {
        match self.0.fault.load(Ordering::Relaxed) {
            TOO_SLOW => Some(ForwardError::ClientTooSlow),
            LEFT => Some(ForwardError::ClientLeft),
            _ => None,
        }
    }
}

/// How fast a client has to send.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// So many bytes per second. It may be late by so much, and makes good for it by sending faster.
    Rate(u64, Duration),
    /// As it likes, with pauses of so long in which nothing comes from the upstream either.
    Pauses(Duration),
}

/// A request body.
pub(super) struct RequestBody {
    body: Forwarded<ClientBody>,
    watch: Option<Watch>,
}

impl RequestBody {
    /// A body that the gateway holds completely.
    pub(super) fn held(bytes: Bytes) -> Self {
        RequestBody { body: Forwarded::held(bytes), watch: None }
    }

    /// A streamed body.
    pub(super) fn streamed(body: Forwarded<ClientBody>, pace: Pace, progress: Progress) -> Self {
        let watch = Watch { pace, progress, late: Duration::ZERO, waiting: None };
        RequestBody { body, watch: Some(watch) }
    }
}

/// The clock of a streamed body.
struct Watch {
    pace: Pace,
    progress: Progress,
    /// How late the client is.
    late: Duration,
    waiting: Option<Waiting>,
}

/// The client is being waited for.
struct Waiting {
    since: Instant,
    timer: Pin<Box<Sleep>>,
    /// Frames of the answer before it.
    received: u64,
}

impl Watch {
    /// Nothing is here. Returns whether the client is too late.
    fn wait(&mut self, cx: &mut Context<'_>) -> bool {
        let counts = &self.progress.0;
        counts.waits.store(true, Ordering::Relaxed);
        let patience = match self.pace {
            Pace::Rate(_, grace) => grace.saturating_sub(self.late),
            Pace::Pauses(limit) => limit,
        };
        let received = counts.received.load(Ordering::Relaxed);
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            since: Instant::now(),
            timer: Box::pin(sleep(patience)),
            received,
        });
        while waiting.timer.as_mut().poll(cx).is_ready() {
            if matches!(self.pace, Pace::Rate(..)) || received == waiting.received {
                counts.fault.store(TOO_SLOW, Ordering::Relaxed);
                return true;
            }
            // Both sides may take turns.
            waiting.received = received;
            waiting.timer.as_mut().reset(Instant::now() + patience);
        }
        false
    }

    /// Something is here: so many bytes.
    fn came(&mut self, bytes: usize) {
        let counts = &self.progress.0;
        counts.waits.store(false, Ordering::Relaxed);
        counts.sent.fetch_add(1, Ordering::Relaxed);
        let Pace::Rate(rate, _) = self.pace else { return self.waiting = None };
        if let Some(waiting) = self.waiting.take() {
            self.late += waiting.since.elapsed();
        }
        let worth = (bytes as u64).saturating_mul(1000) / rate.max(1);
        self.late = self.late.saturating_sub(Duration::from_millis(worth));
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.body).poll_frame(cx);
        let Some(watch) = &mut this.watch else { return poll };
        match &poll {
            Poll::Pending if watch.wait(cx) => {
                return Poll::Ready(Some(Err("the client sent its body too slowly".into())));
            }
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => watch.came(frame.data_ref().map_or(0, Bytes::len)),
            Poll::Ready(None) => watch.came(0),
            Poll::Ready(Some(Err(_))) => {
                watch.came(0);
                watch.progress.0.fault.store(LEFT, Ordering::Relaxed);
            }
        }
        if matches!(poll, Poll::Ready(None)) || this.body.is_end_stream() {
            watch.progress.0.complete.store(true, Ordering::Relaxed);
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! How far an HTTP/1.1 connection has got: what its stream, its service and its watchdog tell each other.
//!
//! The stream sees heads begin, the service sees requests and the ends of responses, and the watchdog wants to know how
//! long the client has kept the gateway waiting.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use guard::framing::FramingError;
use http_body::{Body, Frame, SizeHint};

/// The progress of one connection.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The number of the synthetic request, and the error that it stands for.
    violation: OnceLock<(u64, FramingError)>,
    requests: AtomicU64,
    upgrade: AtomicU8,
    /// Ticks of the watchdog.
    ticks: AtomicU32,
    /// The tick at which the gateway began to wait for a head.
    waiting_since: AtomicU32,
    head_began: AtomicBool,
    /// The client is still sending the body of the request.
    sends_body: AtomicBool,
    tunnelled: AtomicBool,
}

/// What the connection is waiting for, and for how many ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// Nothing: an exchange is in progress.
    Nothing,
    /// The first request, or the rest of a head that the client began.
    Head(u32),
    /// Another request on a connection that served before.
    NextRequest(u32),
}

/// What the response says to a request for an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upgrade {
    /// What follows is a tunnel.
    Granted,
    /// What follows is the next request.
    Refused,
}

const UNDECIDED: u8 = 0;
const GRANTED: u8 = 1;
const REFUSED: u8 = 2;
const NOT_WAITING: u32 = u32::MAX;

impl Progress {
    /// Counts a request. Returns the framing error that it stands for, if it is the synthetic one.
    pub(super) fn next_request(&self) -> Option<FramingError> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        self.waiting_since.store(NOT_WAITING, Ordering::Relaxed);
        self.violation.get().filter(|(at, _)| *at == number).map(|(_, error)| *error)
    }

    /// Notes that request number `at` stands for a framing error. Nothing is read after it, so it happens once.
    pub(super) fn violated(&self, at: u64, error: FramingError) {
        let _ = self.violation.set((at, error));
    }

    /// A response has ended: the gateway waits for the next head.
    fn answered(&self) {
        if self.tunnelled.load(Ordering::Relaxed) {
            return;
        }
        self.head_began.store(false, Ordering::Relaxed);
        self.waiting_since.store(self.ticks.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// What was read so far ends inside of a body, or does not.
    pub(super) fn sends_body(&self, sends: bool) {
        self.sends_body.store(sends, Ordering::Relaxed);
    }

    /// Whether the client is still sending the body of its request.
    pub(super) fn is_sending(&self) -> bool {
        self.sends_body.load(Ordering::Relaxed)
    }

    /// The response to a request for an upgrade is known.
    pub(super) fn upgrade(&self, upgrade: Upgrade) {
        let granted = upgrade == Upgrade::Granted;
        self.upgrade.store(if granted { GRANTED } else { REFUSED }, Ordering::Release);
        self.tunnelled.store(granted, Ordering::Relaxed);
    }

    /// The response to a request for an upgrade, once.
    pub(super) fn take_upgrade(&self) -> Option<Upgrade> {
        match self.upgrade.swap(UNDECIDED, Ordering::Acquire) {
            GRANTED => Some(Upgrade::Granted),
            REFUSED => Some(Upgrade::Refused),
            _ => None,
        }
    }

    /// The first byte of a head is here; from now on the rest of it is waited for.
    pub(super) fn head_began(&self) {
        let waiting = self.waiting_since.load(Ordering::Relaxed) != NOT_WAITING;
        if waiting && !self.head_began.swap(true, Ordering::Relaxed) {
            self.waiting_since.store(self.ticks.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Counts a tick of the watchdog. Returns what the connection is waiting for.
    pub(super) fn tick(&self) -> Waiting {
        let now = self.ticks.fetch_add(1, Ordering::Relaxed) + 1;
        let ticks = match self.waiting_since.load(Ordering::Relaxed) {
            NOT_WAITING => return Waiting::Nothing,
            since => now.saturating_sub(since),
        };
        let first = self.requests.load(Ordering::Relaxed) == 0;
        if first || self.head_began.load(Ordering::Relaxed) {
            Waiting::Head(ticks)
        } else {
            Waiting::NextRequest(ticks)
        }
    }
}

/// A response body that notes its end, however it ends.
pub(super) struct TrackedBody<B> {
    body: B,
    progress: Arc<Progress>,
}

impl<B> TrackedBody<B> {
    pub(super) fn new(body: B, progress: Arc<Progress>) -> Self {
        TrackedBody { body, progress }
    }
}

impl<B> Drop for TrackedBody<B> {
    fn drop(&mut self) {
        self.progress.answered();
    }
}

impl<B: Body + Unpin> Body for TrackedBody<B> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What can happen on a connection.
    enum Step {
        Tick,
        HeadBegan,
        Request,
        Answered,
        Tunnel,
    }

    #[test]
    fn the_client_is_waited_for_only_while_it_owes_a_head() {
        use Step::*;
        for (name, steps, expected) in [
            ("silent from the start", &[Tick][..], Waiting::Head(2)),
            ("a head that does not end", &[Tick, HeadBegan, Tick], Waiting::Head(2)),
            ("an exchange under way", &[Tick, Request, Tick], Waiting::Nothing),
            ("idle after a response", &[Request, Answered, Tick], Waiting::NextRequest(2)),
            ("a second head", &[Request, Answered, Tick, Tick, HeadBegan], Waiting::Head(1)),
            ("a second head, once", &[Request, Answered, HeadBegan, Tick, HeadBegan], Waiting::Head(2)),
            ("a pipelined head", &[Request, HeadBegan, Tick], Waiting::Nothing),
            ("a tunnel", &[Request, Tunnel, Answered, Tick], Waiting::Nothing),
        ] {
            let progress = Progress::default();
            for step in steps {
                match step {
                    Tick => _ = progress.tick(),
                    HeadBegan => progress.head_began(),
                    Request => _ = progress.next_request(),
                    Answered => progress.answered(),
                    Tunnel => progress.upgrade(Upgrade::Granted),
                }
            }
            assert_eq!(progress.tick(), expected, "{name}");
        }
    }

    #[test]
    fn only_the_synthetic_request_carries_the_violation() {
        let progress = Progress::default();
        assert_eq!(progress.next_request(), None);
        progress.violated(2, FramingError::RequestLine);
        assert_eq!(progress.next_request(), Some(FramingError::RequestLine));
        assert_eq!(progress.next_request(), None);
    }
}

//! The streams of one HTTP/2 connection: how many are open, and whether the client takes what is sent on them.
//!
//! Each stream has a window, which the client opens and keeps shut as it likes. A stream that is shut does not block the
//! socket, and nothing asks for more of its answer; so there is a watch over each. One that stands still is reset, and the
//! others of the connection go on: a browser pauses a download while it loads pages.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use tokio::time::{Instant, sleep};

/// Runs the streams of a connection.
#[derive(Clone)]
pub(super) struct Streams(Arc<Shared>);

struct Shared {
    open: AtomicUsize,
    begun: AtomicU64,
    patience: Patience,
    /// Told of a stream that is reset.
    on_stall: Box<dyn Fn() + Send + Sync>,
}

/// How long a stream may stand still.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// While the client is to take what is ready.
    pub(super) client: Duration,
    /// While the upstream is to send more. Its answer ends by itself after this time, unless nobody asks it.
    pub(super) upstream: Duration,
}

impl Streams {
    pub(super) fn new(patience: Patience, on_stall: impl Fn() + Send + Sync + 'static) -> Self {
        let (open, begun) = (AtomicUsize::new(0), AtomicU64::new(0));
        Streams(Arc::new(Shared { open, begun, patience, on_stall: Box::new(on_stall) }))
    }

    /// Whether no stream is open, and the number of those that were begun so far.
    pub(super) fn state(&self) -> (bool, u64) {
        (self.0.open.load(Ordering::Relaxed) == 0, self.0.begun.load(Ordering::Relaxed))
    }
}

/// Counts as an open stream.
struct Open(Streams);

impl Open {
    fn new(streams: Streams) -> Self {
        streams.0.open.fetch_add(1, Ordering::Relaxed);
        streams.0.begun.fetch_add(1, Ordering::Relaxed);
        Open(streams)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let open = Open::new(self.clone());
        tokio::spawn(async move { run(stream, &open.0.0).await });
    }
}

tokio::task_local! {
    /// What is known of the answer on the stream that runs now.
    static ANSWER: Arc<Asked>;
}

/// When an answer was last asked for more.
#[derive(Debug, Default)]
struct Asked {
    times: AtomicU64,
    /// It had nothing to give.
    in_vain: AtomicBool,
}

/// Runs a stream to its end, or until it has stood still for too long. To drop it is to reset it.
async fn run(stream: impl Future<Output = ()>, streams: &Shared) {
    let answer = Arc::new(Asked::default());
    let mut stream = pin!(stream);
    let mut timer = pin!(sleep(streams.patience.client));
    let mut since = 0;
    let is_done = poll_fn(|cx| {
        if ANSWER.sync_scope(Arc::clone(&answer), || stream.as_mut().poll(cx)).is_ready() {
            return Poll::Ready(true);
        }
        let times = answer.times.load(Ordering::Relaxed);
        if times == 0 {
            return Poll::Pending;
        }
        if times != since {
            since = times;
            let Patience { client, upstream } = streams.patience;
            let in_vain = answer.in_vain.load(Ordering::Relaxed);
            timer.as_mut().reset(Instant::now() + if in_vain { client + upstream } else { client });
        }
        timer.as_mut().poll(cx).map(|()| false)
    });
    if !is_done.await {
        (streams.on_stall)();
    }
}

/// The body of an answer, which notes when it is asked for more.
pub(super) struct Watched<B> {
    body: B,
    /// HTTP/2 sends what a body has, also in answer to HEAD, where nothing may be sent (RFC 9110 §9.3.2).
    is_head: bool,
    asked: Option<Arc<Asked>>,
}

impl<B> Watched<B> {
    /// The answer on the stream that runs now.
    pub(super) fn new(body: B, is_head: bool) -> Self {
        Watched { body, is_head, asked: ANSWER.try_with(Arc::clone).ok() }
    }
}

impl<B: Body + Unpin> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        if this.is_head {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if let Some(asked) = &this.asked {
            asked.times.fetch_add(1, Ordering::Relaxed);
            asked.in_vain.store(frame.is_pending(), Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.is_head || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_head { SizeHint::default() } else { self.body.size_hint() }
    }
}

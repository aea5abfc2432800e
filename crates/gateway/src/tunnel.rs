//! Upgraded connections: bytes both ways until one side ends.

use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

/// Joins both sides of an upgrade once both are ready. An idle tunnel ends.
pub(crate) fn join(client: OnUpgrade, upstream: OnUpgrade, idle: Duration) {
    tokio::spawn(async move {
        let Ok((client, upstream)) = tokio::try_join!(client, upstream) else { return };
        let mut client = Watched::new(TokioIo::new(client));
        let mut upstream = TokioIo::new(upstream);
        let activity = client.activity();
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut upstream) => {}
            () = until_idle(&activity, idle) => {}
        }
    });
}

async fn until_idle(activity: &Activity, idle: Duration) {
    let mut seen = activity.count();
    loop {
        tokio::time::sleep(idle).await;
        let now = activity.count();
        if now == seen {
            return;
        }
        seen = now;
    }
}

use activity::{Activity, Watched};

mod activity {
    //! Counts reads and writes of a stream, so that idleness can be seen from outside.

    use std::io;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    #[derive(Clone, Default)]
    pub(super) struct Activity(Arc<AtomicU64>);

    impl Activity {
        pub(super) fn count(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    pub(super) struct Watched<S> {
        stream: S,
        activity: Activity,
    }

    impl<S> Watched<S> {
        pub(super) fn new(stream: S) -> Self {
            Watched { stream, activity: Activity::default() }
        }

        pub(super) fn activity(&self) -> Activity {
            self.activity.clone()
        }

        fn note<T>(&self, poll: Poll<T>) -> Poll<T> {
            if poll.is_ready() {
                self.activity.0.fetch_add(1, Ordering::Relaxed);
            }
            poll
        }
    }

    impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
            self.note(poll)
        }
    }

    impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
            self.note(poll)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_shutdown(cx)
        }
    }
}

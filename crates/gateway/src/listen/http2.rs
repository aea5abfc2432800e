//! HTTP/2: its framing is unambiguous, so that the parser alone stands before the guard. A watch over its streams, and over
//! connections that have none.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use http::{Method, Request};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::connection::{Connection, exchange};
use super::frame_budget::FrameBudget;
use super::patient::{DOES_NOT_READ, does_not_read};
use super::rewound::Rewound;
use super::streams::{Patience, Streams, Watched};
use crate::client_body::ClientBody;
use crate::shutdown::Token;

/// Concurrent requests on one connection.
const MAX_STREAMS: u32 = 128;

/// Serves HTTP/2 until the connection ends, has had no stream for too long, or the gateway drains. `read` was read before.
pub(super) async fn serve<S>(
    connection: Connection,
    stream: S,
    read: &[u8],
    mut token: Token,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let head_limit = connection.engine.policy.protocol.max_head.as_usize();
    let timeouts = &connection.engine.policy.gateway.timeouts;
    let patience = Patience { client: timeouts.write.0, upstream: timeouts.idle.0 };
    let (guard, peer) = (connection.worker.guard.clone(), connection.peer(None));
    let streams = Streams::new(patience, move || {
        guard.dropped(&peer, DOES_NOT_READ, does_not_read("a stream", patience.client));
    });
    let io = TokioIo::new(FrameBudget::new(Rewound::new(stream, read), timeouts.head.0));
    let service = service_fn(|request: Request<Incoming>| {
        let is_head = request.method() == Method::HEAD;
        // Boxed: what is left of it while an answer waits for the client's window is the answer alone.
        let answer = Box::pin(exchange(connection.clone(), None, request.map(ClientBody::over_http2)));
        async move { Ok::<_, Infallible>(answer.await.map(|body| Watched::new(body, is_head))) }
    });
    let http2 = http2::Builder::new(streams.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(head_limit).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20))
        .adaptive_window(true)
        .serve_connection(io, service);
    let mut http2 = std::pin::pin!(http2);
    tokio::select! {
        done = http2.as_mut() => return done.map_err(io::Error::other),
        () = token.draining() => {
            http2.as_mut().graceful_shutdown();
            return http2.await.map_err(io::Error::other);
        }
        () = unused(&streams, timeouts.keep_alive.0) => {}
    }
    // A request that was sent at this moment is still served.
    http2.as_mut().graceful_shutdown();
    timeout(timeouts.head.0, http2).await.unwrap_or(Ok(())).map_err(io::Error::other)
}

/// Resolves when a connection has had no stream for `limit`, or up to half as long again.
async fn unused(streams: &Streams, limit: Duration) {
    let period = limit / 2;
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut quiet, mut before) = (0, 0);
    while quiet < 2 {
        ticks.tick().await;
        let (is_empty, begun) = streams.state();
        quiet = if is_empty && begun == before { quiet + 1 } else { 0 };
        before = begun;
    }
}

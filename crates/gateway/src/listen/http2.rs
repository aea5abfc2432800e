//! HTTP/2: its framing is unambiguous, so that the parser alone stands before the guard.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::{Connection, exchange};
use super::rewound::Rewound;
use crate::shutdown::Token;

/// Concurrent requests on one connection.
const MAX_STREAMS: u32 = 128;

/// Serves HTTP/2 until the connection ends or the gateway drains. `read` was read before.
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
    let io = TokioIo::new(Rewound::new(stream, read));
    let service = service_fn(|request: Request<Incoming>| {
        let answer = exchange(Arc::clone(&connection.worker), connection.peer(None), request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let http2 = http2::Builder::new(TokioExecutor::new())
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
        () = token.draining() => {}
    }
    http2.as_mut().graceful_shutdown();
    http2.await.map_err(io::Error::other)
}

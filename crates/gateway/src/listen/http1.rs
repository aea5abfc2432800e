//! HTTP/1.1: the framing sentinel before the parser, and a watchdog over heads and idle connections.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use guard::framing::HeadLimits;
use http::header::{CONNECTION, HeaderValue, UPGRADE};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::{Connection, exchange};
use super::framed::Framed;
use super::progress::{Progress, TrackedBody, Upgrade, Waiting};
use crate::client_body::ClientBody;
use crate::shutdown::Token;

/// Serves HTTP/1.1 until the connection ends, is idle too long, or the gateway drains. `read` was read before.
pub(super) async fn serve<S>(
    connection: Connection,
    stream: S,
    read: &[u8],
    mut token: Token,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = HeadLimits {
        bytes: connection.engine.policy.protocol.max_head.as_usize(),
        fields: connection.engine.policy.protocol.max_headers,
    };
    let timeouts = &connection.engine.policy.gateway.timeouts;
    let (head, keep_alive) = (timeouts.head.0, timeouts.keep_alive.0);
    let period = head.min(keep_alive) / 2;
    let progress = Arc::new(Progress::default());
    let io = Framed::new(stream, read, limits, Arc::clone(&progress));
    let service = service_fn(|request: Request<Incoming>| {
        let violation = progress.next_request();
        let upgrades = request.headers().contains_key(UPGRADE);
        let progress = Arc::clone(&progress);
        // Boxed: the large future is moved once here, not at every step on its way into the connection.
        let answer = Box::pin(exchange(connection.clone(), violation, request.map(ClientBody::over_http1)));
        async move {
            let mut response = answer.await;
            if upgrades {
                let granted = response.status() == StatusCode::SWITCHING_PROTOCOLS;
                progress.upgrade(if granted { Upgrade::Granted } else { Upgrade::Refused });
            }
            // The parser closes a connection whose body it does not read to its end; the client has to be told.
            let is_error = response.status().is_client_error() || response.status().is_server_error();
            if is_error && progress.is_sending() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response.map(|body| TrackedBody::new(body, progress)))
        }
    });
    let http1 = http1::Builder::new()
        .half_close(false)
        .max_headers(limits.fields + 1)
        .max_buf_size(limits.bytes.max(64 * 1024))
        .serve_connection(io, service)
        .with_upgrades();
    let mut http1 = std::pin::pin!(http1);
    let mut watchdog = tokio::time::interval(period);
    watchdog.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            done = http1.as_mut() => return done.map_err(io::Error::other),
            () = token.draining() => break,
            _ = watchdog.tick() => {
                // A first tick may come at once: between one and one and a half times the timeout.
                let too_long = match progress.tick() {
                    Waiting::Nothing => false,
                    Waiting::Head(ticks) => period * ticks >= head + period,
                    Waiting::NextRequest(ticks) => period * ticks >= keep_alive + period,
                };
                if too_long {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
    }
    http1.as_mut().graceful_shutdown();
    http1.await.map_err(io::Error::other)
}

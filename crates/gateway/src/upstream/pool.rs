//! The connection pools of one worker: idle HTTP/1.1 connections are reused, HTTP/2 connections are shared.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use parking_lot::Mutex;
use policy::{Gateway, Upstream};
use tokio::time::Instant;

use super::connect::{Connector, UpstreamConnection};
use super::health::Health;
use super::request_body::RequestBody;

/// Idle connections that one worker keeps to one upstream.
const MAX_IDLE: usize = 512;
/// Shorter than the keep-alive of common servers, so that a reused connection is seldom about to be closed.
const IDLE_FOR: Duration = Duration::from_secs(55);

/// A pool for each upstream.
pub(crate) struct Pools {
    pools: Vec<Arc<Pool>>,
    next: AtomicUsize,
    connector: Connector,
}

/// The connections to one upstream.
pub(super) struct Pool {
    pub(super) upstream: Upstream,
    /// Its name in logs and metrics.
    pub(super) name: Arc<str>,
    pub(super) health: Arc<Health>,
    idle: Mutex<Vec<(http1::SendRequest<RequestBody>, Instant)>>,
    http2: Mutex<Option<http2::SendRequest<RequestBody>>>,
}

/// Whether a connection that served before will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    Allowed,
    Never,
}

/// A connection for one exchange, from the pool or new.
pub(super) enum PooledConnection {
    /// A connection that serves this exchange alone.
    Http1 {
        sender: http1::SendRequest<RequestBody>,
        /// Whether it served before: the upstream may have closed it meanwhile.
        reused: bool,
    },
    /// A stream of a shared HTTP/2 connection.
    Http2(http2::SendRequest<RequestBody>),
}

/// An HTTP/1.1 connection that can return to its pool.
pub(super) struct Reusable {
    pub(super) sender: http1::SendRequest<RequestBody>,
    pub(super) pool: Arc<Pool>,
}

impl Reusable {
    /// Returns the connection to its pool. The response must have been read to its end.
    pub(super) fn release(self) {
        self.pool.push_idle(self.sender);
    }
}

impl Pools {
    pub(crate) fn new(gateway: &Gateway, health: &[Arc<Health>], connector: Connector) -> Self {
        let pools = gateway
            .upstreams
            .iter()
            .zip(health)
            .map(|(upstream, health)| {
                Arc::new(Pool {
                    upstream: upstream.clone(),
                    name: upstream.to_string().into(),
                    health: Arc::clone(health),
                    idle: Mutex::default(),
                    http2: Mutex::default(),
                })
            })
            .collect();
        Pools { pools, next: AtomicUsize::new(0), connector }
    }

    /// The pools in the order in which to try them: round robin, ejected upstreams last.
    pub(super) fn order(&self) -> impl Iterator<Item = &Arc<Pool>> {
        let count = self.pools.len();
        let first = if count > 1 { self.next.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let rotated = move |up: bool| {
            let rotated = self.pools.iter().cycle().skip(first % count.max(1)).take(count);
            rotated.filter(move |pool| pool.health.is_up() == up)
        };
        rotated(true).chain(rotated(false))
    }

    /// An idle connection, or a new one.
    pub(super) async fn connection(&self, pool: &Pool, reuse: Reuse) -> io::Result<PooledConnection> {
        if reuse == Reuse::Allowed {
            if let Some(sender) = pool.http2.lock().clone().filter(|sender| !sender.is_closed()) {
                return Ok(PooledConnection::Http2(sender));
            }
            while let Some(mut sender) = pool.pop_idle() {
                if sender.is_ready() || sender.ready().await.is_ok() {
                    return Ok(PooledConnection::Http1 { sender, reused: true });
                }
            }
        }
        // Boxed: the future of a handshake is large, and most exchanges need none.
        Ok(match Box::pin(self.connector.connect(&pool.upstream)).await? {
            UpstreamConnection::Http1(sender) => PooledConnection::Http1 { sender, reused: false },
            UpstreamConnection::Http2(sender) => {
                *pool.http2.lock() = Some(sender.clone());
                PooledConnection::Http2(sender)
            }
        })
    }
}

impl Pool {
    fn push_idle(&self, sender: http1::SendRequest<RequestBody>) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock();
        if idle.len() < MAX_IDLE {
            idle.push((sender, Instant::now()));
        }
    }

    /// The connection used last. Connections that were idle for too long are dropped.
    fn pop_idle(&self) -> Option<http1::SendRequest<RequestBody>> {
        let mut idle = self.idle.lock();
        while let Some((sender, since)) = idle.pop() {
            if since.elapsed() > IDLE_FOR {
                idle.clear();
                return None;
            }
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }
}

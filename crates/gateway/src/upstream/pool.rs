//! The connections of one worker: idle HTTP/1.1 ones are used again, HTTP/2 ones are shared.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use parking_lot::Mutex;
use policy::{Gateway, Upstream};
use tokio::time::Instant;

use super::body::RequestBody;
use super::connect::{Connector, Sender};
use super::health::Health;

/// Idle connections kept to one upstream by one worker.
const MAX_IDLE: usize = 512;
/// Shorter than the keep-alive of common servers, so that we seldom meet a connection that they are closing.
const IDLE_FOR: Duration = Duration::from_secs(55);

/// Connections to every upstream.
pub(crate) struct Pools {
    targets: Vec<Arc<Target>>,
    next: AtomicUsize,
    connector: Connector,
}

/// Connections to one upstream.
pub(crate) struct Target {
    pub(crate) upstream: Upstream,
    pub(crate) health: Arc<Health>,
    idle: Mutex<Vec<(http1::SendRequest<RequestBody>, Instant)>>,
    shared: Mutex<Option<http2::SendRequest<RequestBody>>>,
}

/// A connection taken from the pool, or made.
pub(crate) enum Lease {
    /// A connection of this exchange alone; to be given back when the answer is read.
    Http1 {
        sender: http1::SendRequest<RequestBody>,
        /// Whether it served before: then it may have been closed meanwhile.
        reused: bool,
    },
    /// A share of an HTTP/2 connection.
    Http2(http2::SendRequest<RequestBody>),
}

impl Pools {
    pub(crate) fn new(gateway: &Gateway, health: &[Arc<Health>], connector: Connector) -> Self {
        let targets = gateway
            .upstreams
            .iter()
            .zip(health)
            .map(|(upstream, health)| {
                Arc::new(Target {
                    upstream: upstream.clone(),
                    health: Arc::clone(health),
                    idle: Mutex::default(),
                    shared: Mutex::default(),
                })
            })
            .collect();
        Pools { targets, next: AtomicUsize::new(0), connector }
    }

    /// The upstreams in the order in which to try them: round robin, those that rest last.
    pub(crate) fn order(&self) -> impl Iterator<Item = &Arc<Target>> {
        let count = self.targets.len();
        let first = if count > 1 { self.next.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let rotated = move |up: bool| {
            (0..count)
                .map(move |i| &self.targets[(first + i) % count])
                .filter(move |t| t.health.is_up() == up)
        };
        rotated(true).chain(rotated(false))
    }

    /// An idle connection, or a new one.
    pub(crate) async fn lease(&self, target: &Target, fresh: bool) -> io::Result<Lease> {
        if !fresh {
            if let Some(sender) = target.shared.lock().clone().filter(|sender| !sender.is_closed()) {
                return Ok(Lease::Http2(sender));
            }
            while let Some(mut sender) = target.pop_idle() {
                if sender.is_ready() || sender.ready().await.is_ok() {
                    return Ok(Lease::Http1 { sender, reused: true });
                }
            }
        }
        // Boxed: a handshake needs much room, and most exchanges need none.
        Ok(match Box::pin(self.connector.connect(&target.upstream)).await? {
            Sender::Http1(sender) => Lease::Http1 { sender, reused: false },
            Sender::Http2(sender) => {
                *target.shared.lock() = Some(sender.clone());
                Lease::Http2(sender)
            }
        })
    }
}

impl Target {
    /// Takes back a connection whose answer was read to its end.
    pub(crate) fn give_back(&self, sender: http1::SendRequest<RequestBody>) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock();
        if idle.len() < MAX_IDLE {
            idle.push((sender, Instant::now()));
        }
    }

    /// The connection used last; those that waited too long are dropped.
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

//! The connection pools of one worker: idle HTTP/1.1 connections are reused, HTTP/2 connections are shared. There are
//! connections to each address of a name, and requests take them in turn.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use hyper::client::conn::{http1, http2};
use parking_lot::Mutex;
use policy::{TimeoutConfig, UpstreamGroup};
use tokio::time::Instant;

use super::balance::Balancer;
use super::connect::{Connected, Connector, Link, Purpose, Sender, Tunnels};
use super::request_body::RequestBody;
use super::target::Target;

/// Idle connections that one worker keeps to one upstream.
const MAX_IDLE: usize = 512;
/// The longest that an upstream may ask for a connection to be kept.
const MAX_KEPT: Duration = Duration::from_secs(60);

/// A pool for each upstream of a group.
pub(crate) struct Pools {
    /// In the order of `targets`.
    pools: Vec<Arc<Pool>>,
    targets: Arc<[Arc<Target>]>,
    balancer: Balancer,
    connector: Connector,
    /// Whether these upstreams get the client's Host.
    pub(super) preserve_host: bool,
}

/// The connections to one upstream.
pub(super) struct Pool {
    pub(super) target: Arc<Target>,
    /// The connection used last is the last.
    idle: Mutex<VecDeque<Idle>>,
    shared: Mutex<Vec<Shared>>,
    idle_for: Duration,
    max_age: Duration,
}

/// An HTTP/1.1 connection that serves nobody.
struct Idle {
    sender: http1::SendRequest<RequestBody>,
    link: Link,
    until: Instant,
}

/// An HTTP/2 connection.
struct Shared {
    sender: http2::SendRequest<RequestBody>,
    tunnels: Tunnels,
    link: Link,
}

/// Which connections that served before will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    Any,
    /// Those of HTTP/2, which say that they end.
    Http2,
    Never,
}

/// A connection for one exchange, from the pool or new.
pub(super) struct PooledConnection {
    pub(super) kind: Kind,
    /// Whether it served before: the upstream may have closed it meanwhile.
    pub(super) reused: bool,
}

pub(super) enum Kind {
    /// A connection that serves this exchange alone.
    Http1(Box<Reusable>),
    /// A stream of a shared HTTP/2 connection.
    Http2(http2::SendRequest<RequestBody>, Tunnels),
}

/// An HTTP/1.1 connection that can return to its pool.
pub(super) struct Reusable {
    pub(super) sender: http1::SendRequest<RequestBody>,
    link: Link,
    pool: Arc<Pool>,
    kept_for: Option<Duration>,
}

impl Reusable {
    /// Takes note of how long the upstream says that it keeps the connection.
    pub(super) fn is_kept_for(&mut self, announced: Duration) {
        // A second for the way: a request that is sent at the last moment would come too late.
        let less = announced.saturating_sub(Duration::from_secs(1)).max(announced / 4);
        self.kept_for = Some(less.min(MAX_KEPT));
    }

    /// Returns the connection to its pool. The response must have been read to its end.
    pub(super) fn release(self) {
        let Reusable { sender, link, pool, kept_for } = self;
        if sender.is_closed() || !pool.may_serve_again(&link) {
            return;
        }
        let until = Instant::now() + kept_for.unwrap_or(pool.idle_for);
        let mut idle = pool.idle.lock();
        if idle.len() < MAX_IDLE {
            idle.push_back(Idle { sender, link, until });
        }
    }
}

impl Pools {
    pub(crate) fn new(
        targets: Arc<[Arc<Target>]>,
        connector: Connector,
        group: &UpstreamGroup,
        timeouts: &TimeoutConfig,
    ) -> Self {
        let pool = |target: &Arc<Target>| {
            Arc::new(Pool {
                target: Arc::clone(target),
                idle: Mutex::default(),
                shared: Mutex::default(),
                idle_for: timeouts.upstream_idle.0,
                max_age: timeouts.upstream_age.0,
            })
        };
        let pools = targets.iter().map(pool).collect();
        let balancer = Balancer::new(&group.balancing, targets.len());
        Pools { pools, targets, balancer, connector, preserve_host: group.preserve_host }
    }

    /// The pools in the order in which to try them, each once.
    pub(super) fn order(&self, headers: &HeaderMap) -> Vec<&Arc<Pool>> {
        let order = self.balancer.order(&self.targets, headers);
        order.into_iter().filter_map(|at| self.pools.get(at)).collect()
    }

    /// An idle connection, or a new one that is open within the timeout.
    pub(super) async fn connection(
        &self,
        pool: &Arc<Pool>,
        purpose: Purpose,
        reuse: Reuse,
        timeout: Duration,
    ) -> io::Result<PooledConnection> {
        let looking_up = tokio::time::timeout(timeout, pool.target.addresses());
        let addresses = looking_up.await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))?;
        if let Some(kind) = pool.kept(addresses.first().copied(), purpose, reuse).await {
            return Ok(PooledConnection { kind, reused: true });
        }
        // Boxed: the future of a handshake is large, and most exchanges need none.
        let connecting = Box::pin(self.connector.connect(&pool.target, &addresses, purpose, timeout));
        let Connected { sender, link } = connecting.await?;
        let kind = match sender {
            Sender::Http1(sender) => pool.http1(sender, link),
            Sender::Http2(sender, tunnels) => {
                let mut shared = pool.shared.lock();
                shared.retain(|other| other.link.address != link.address);
                shared.push(Shared { sender: sender.clone(), tunnels: tunnels.clone(), link });
                Kind::Http2(sender, tunnels)
            }
        };
        Ok(PooledConnection { kind, reused: false })
    }
}

impl Pool {
    fn http1(self: &Arc<Self>, sender: http1::SendRequest<RequestBody>, link: Link) -> Kind {
        Kind::Http1(Box::new(Reusable { sender, link, pool: Arc::clone(self), kept_for: None }))
    }

    /// A connection to this address that is open already.
    async fn kept(
        self: &Arc<Self>,
        address: Option<SocketAddr>,
        purpose: Purpose,
        reuse: Reuse,
    ) -> Option<Kind> {
        if reuse == Reuse::Never {
            return None;
        }
        // Over TLS, a tunnel gets a connection with HTTP/1.1.
        if (purpose == Purpose::Requests || self.target.upstream.speaks_http2())
            && let Some(shared) = self.shared_to(address)
        {
            return Some(shared);
        }
        if reuse == Reuse::Any {
            while let Some(Idle { mut sender, link, .. }) = self.pop_idle(address) {
                if sender.is_ready() || sender.ready().await.is_ok() {
                    return Some(self.http1(sender, link));
                }
            }
        }
        None
    }

    fn shared_to(&self, address: Option<SocketAddr>) -> Option<Kind> {
        let mut shared = self.shared.lock();
        // Requests that are under way over one that is given up go on.
        shared.retain(|shared| !shared.sender.is_closed() && self.may_serve_again(&shared.link));
        let shared = shared.iter().find(|shared| shared.link.address == address)?;
        Some(Kind::Http2(shared.sender.clone(), shared.tunnels.clone()))
    }

    /// The connection to this address that was used last, if the upstream has not closed it.
    fn pop_idle(&self, address: Option<SocketAddr>) -> Option<Idle> {
        let mut idle = self.idle.lock();
        let now = Instant::now();
        while idle.front().is_some_and(|first| first.until <= now) {
            idle.pop_front();
        }
        loop {
            let at = idle.iter().rposition(|idle| idle.link.address == address)?;
            let last = idle.remove(at)?;
            let is_open = last.until > now && !last.sender.is_closed() && last.link.socket.is_quiet();
            if is_open && self.may_serve_again(&last.link) {
                return Some(last);
            }
        }
    }

    /// Whether a connection is young enough, and the upstream still where it leads.
    fn may_serve_again(&self, link: &Link) -> bool {
        link.opened.elapsed() < self.max_age && self.target.is_at(link.address)
    }
}

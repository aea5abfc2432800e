//! What all workers know of one upstream.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use policy::{Endpoint, HealthConfig, Upstream};
use tokio::net::UnixStream;

use super::dial::dial;
use super::health::Health;
use super::names::Names;

/// One upstream, shared by all workers.
pub(crate) struct Target {
    pub(super) upstream: Upstream,
    /// What it is called where upstreams are compared, and in logs and metrics.
    pub(super) id: Arc<str>,
    pub(super) health: Health,
    /// Requests under way.
    pub(super) requests: AtomicUsize,
    /// Its addresses, if it is reached over TCP.
    pub(super) names: Option<Names>,
}

impl Target {
    pub(crate) fn new(upstream: Upstream, health: &HealthConfig) -> Self {
        Target {
            id: upstream.to_string().into(),
            health: Health::new(health),
            requests: AtomicUsize::new(0),
            names: Names::of(&upstream.endpoint),
            upstream,
        }
    }

    /// What it is called.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Whether it is there, as far as is known.
    pub(crate) fn is_reachable(&self) -> bool {
        self.health.is_reachable()
    }

    /// Its addresses in the order in which to try them this time; none for a Unix socket.
    pub(super) async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        match &self.names {
            Some(names) => names.in_turn().await,
            None => Ok(Vec::new()),
        }
    }

    /// Whether it is still to be found at this address.
    pub(super) fn is_at(&self, address: Option<SocketAddr>) -> bool {
        match (&self.names, address) {
            (Some(names), Some(address)) => names.has(address),
            _ => true,
        }
    }

    /// An address that could not be connected to rests.
    pub(super) fn rest(&self, address: SocketAddr) {
        if let Some(names) = &self.names {
            names.rest(address);
        }
    }

    /// Why it cannot be connected to, if it cannot. Of a name that cannot be looked up, `keep_looking_up` tells.
    pub(crate) async fn unreachable(&self, patience: Duration) -> Option<io::Error> {
        let connecting = async {
            match &self.upstream.endpoint {
                Endpoint::Unix(path) => UnixStream::connect(path).await.map(drop),
                Endpoint::Tcp { .. } => match self.addresses().await {
                    Ok(addresses) => dial(&addresses).await.map(drop),
                    Err(_) => Ok(()),
                },
            }
        };
        tokio::time::timeout(patience, connecting).await.map_or_else(|late| Some(late.into()), Result::err)
    }

    /// Looks its name up from time to time. Returns at once if it has none. `told` hears when that begins to fail.
    pub(crate) async fn keep_looking_up(&self, every: Duration, told: impl Fn(String)) {
        let Some(names) = self.names.as_ref().filter(|names| !names.is_address()) else { return };
        let mut failed = false;
        loop {
            let found = names.look_up().await;
            if let Err(error) = &found
                && !failed
            {
                told(format!(
                    "the name of the upstream {} cannot be looked up: {error}; mend the name, or `[gateway] upstream`; \
                     until then it gets no request",
                    self.upstream
                ));
            }
            failed = found.is_err();
            tokio::time::sleep(every).await;
        }
    }
}

/// A request under way; it counts until it is dropped.
pub(super) struct Lease(Arc<Target>);

impl Lease {
    pub(super) fn new(target: &Arc<Target>) -> Self {
        target.requests.fetch_add(1, Ordering::Relaxed);
        Lease(Arc::clone(target))
    }

    pub(super) fn target(&self) -> &Target {
        &self.0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

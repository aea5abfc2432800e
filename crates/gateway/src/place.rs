//! The place of a client among those that are connected: it is limited, counted, and waited for when the gateway drains.

use std::sync::{Arc, OnceLock};

use guard::Metrics;
use tokio::sync::OwnedSemaphorePermit;

use crate::clients::Counted;
use crate::shutdown::Token;

/// Held as long as a connection lives, also by the tunnel that it becomes.
pub(crate) struct Place {
    metrics: Arc<Metrics>,
    _permit: OwnedSemaphorePermit,
    _token: Token,
    /// Among the connections of its client, once that is known.
    client: OnceLock<Option<Counted>>,
}

impl Place {
    pub(crate) fn new(permit: OwnedSemaphorePermit, token: Token, metrics: &Arc<Metrics>) -> Self {
        metrics.connections.inc();
        Place { metrics: Arc::clone(metrics), _permit: permit, _token: token, client: OnceLock::new() }
    }

    /// It is a connection of this client.
    pub(crate) fn of(&self, client: Option<Counted>) {
        let _ = self.client.set(client);
    }

    /// Counts as a tunnel, too, until what is returned is dropped.
    pub(crate) fn tunnelled(self: Arc<Self>) -> Tunnelled {
        self.metrics.tunnels.inc();
        Tunnelled(self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

/// The place of a tunnel.
pub(crate) struct Tunnelled(Arc<Place>);

impl Drop for Tunnelled {
    fn drop(&mut self) {
        self.0.metrics.tunnels.dec();
    }
}

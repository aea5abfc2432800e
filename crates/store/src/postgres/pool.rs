//! A few connections for many callers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::error::StoreError;
use crate::postgres::schema;
use crate::postgres::server::Server;

/// Connections at most.
const CONNECTIONS: usize = 8;

/// How long a caller waits for a connection, and then for what he asks on it.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Connections to one database, made when they are needed, and ready for records.
pub(super) struct Pool {
    pub(super) server: Server,
    places: [Place; CONNECTIONS],
    /// Where the next caller waits when all are busy.
    next: AtomicUsize,
}

type Place = Mutex<Option<Client>>;

/// A place for a connection, which its caller has alone. A caller who goes away leaves the connection to the next one.
pub(super) type Lease<'a> = MutexGuard<'a, Option<Client>>;

impl Pool {
    pub(super) fn new(server: Server) -> Self {
        Pool { server, places: Default::default(), next: AtomicUsize::new(0) }
    }

    /// A place, when there is one to spare.
    pub(super) async fn lease(&self) -> Result<Lease<'_>, StoreError> {
        if let Some(free) = self.places.iter().find_map(|place| place.try_lock().ok()) {
            return Ok(free);
        }
        let next = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
        let busy = || self.server.unavailable("is too busy");
        let place = self.places.get(next).ok_or_else(busy)?;
        timeout(PATIENCE, place.lock()).await.map_err(|_| busy())
    }

    /// The connection of a place, made anew if there is none.
    pub(super) async fn client<'a>(&self, place: &'a mut Lease<'_>) -> Result<&'a mut Client, StoreError> {
        let client = match place.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => timeout(PATIENCE, self.connect())
                .await
                .map_err(|_| self.server.unavailable("does not answer"))??,
        };
        Ok(place.insert(client))
    }

    /// Ends connections that nobody uses: one was lost, and so may they be.
    pub(super) fn end_idle(&self) {
        for mut idle in self.places.iter().filter_map(|place| place.try_lock().ok()) {
            *idle = None;
        }
    }

    async fn connect(&self) -> Result<Client, StoreError> {
        let mut client = self.server.connect().await.map_err(|e| self.server.failed(&e))?;
        schema::prepare(&mut client, &self.server).await?;
        Ok(client)
    }
}

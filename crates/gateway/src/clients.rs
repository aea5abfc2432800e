//! How many connections one client has, and how fast it makes them: a client is an address, or an IPv6 /64.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use policy::Gateway;

/// The connections of all clients.
#[derive(Default)]
pub(crate) struct Clients {
    table: Mutex<HashMap<u128, Client>>,
}

#[derive(Debug, Clone, Copy)]
struct Client {
    open: u32,
    /// Connections that it may still make, of those that one second allows.
    tokens: f32,
    filled: Instant,
}

/// Clients without a connection that are remembered for their pace.
const REMEMBERED: usize = 65_536;

/// A connection of a client, as long as it is held.
pub(crate) struct Counted {
    clients: Arc<Clients>,
    client: u128,
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(client) = self.clients.table.lock().get_mut(&self.client) {
            client.open = client.open.saturating_sub(1);
        }
    }
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// The client has too many.
    Connections,
    /// It makes them too fast.
    Pace,
}

impl Excess {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Excess::Connections => "too many connections of one client",
            Excess::Pace => "new connections of one client too fast",
        }
    }
}

impl Clients {
    /// Counts a connection of a client, unless it has too many, or makes them too fast. Trusted proxies bring the connections
    /// of many.
    pub(crate) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        gateway: &Gateway,
        now: Instant,
    ) -> Result<Option<Counted>, Excess> {
        let address = address.to_canonical();
        if gateway.trusted_proxies.iter().any(|network| network.contains(&address)) {
            return Ok(None);
        }
        let (most, pace) = (gateway.max_connections_per_client, gateway.max_new_connections_per_client);
        let full = pace as f32;
        let mut table = self.table.lock();
        if table.len() >= REMEMBERED {
            // Whoever has none now, and had a second without, may begin anew.
            table.retain(|_, one| one.open > 0 || now.duration_since(one.filled).as_secs() < 1);
        }
        let key = client(address);
        let one = table.entry(key).or_insert(Client { open: 0, tokens: full, filled: now });
        let since = now.duration_since(one.filled).as_secs_f32();
        one.tokens = (one.tokens + since * full).min(full);
        one.filled = now;
        if pace > 0 && one.tokens < 1.0 {
            return Err(Excess::Pace);
        }
        if most > 0 && one.open >= most {
            return Err(Excess::Connections);
        }
        one.tokens -= 1.0;
        one.open += 1;
        Ok(Some(Counted { clients: Arc::clone(self), client: key }))
    }
}

fn client(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6) >> 64 << 64,
    }
}

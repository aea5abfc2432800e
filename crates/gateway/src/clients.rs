//! How many connections one client has, and how many TLS handshakes it begins: a client is an address, or an IPv6 /64.

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
    /// Handshakes that it may still begin, of those that one second allows.
    tokens: f32,
    filled: Instant,
}

/// Clients without a connection that are remembered for their handshakes.
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
    /// It begins too many handshakes.
    Handshakes,
}

impl Excess {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Excess::Connections => "too many connections of one client",
            Excess::Handshakes => "too many TLS handshakes of one client",
        }
    }
}

impl Clients {
    /// Counts a connection of a client, unless it has too many, or begins too many handshakes. Trusted proxies bring the
    /// connections of many.
    pub(crate) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        gateway: &Gateway,
        is_tls: bool,
        now: Instant,
    ) -> Result<Option<Counted>, Excess> {
        let address = address.to_canonical();
        if gateway.trusted_proxies.iter().any(|network| network.contains(&address)) {
            return Ok(None);
        }
        let (most, pace) = (gateway.max_connections_per_client, gateway.max_handshakes_per_client);
        let is_paced = is_tls && pace > 0;
        let full = pace as f32;
        let mut table = self.table.lock();
        if table.len() >= REMEMBERED {
            // Whoever has none now, and had a second without, may begin anew.
            table.retain(|_, one| one.open > 0 || now.duration_since(one.filled).as_secs() < 1);
        }
        let key = guard::client_number(address);
        let one = table.entry(key).or_insert(Client { open: 0, tokens: full, filled: now });
        let since = now.duration_since(one.filled).as_secs_f32();
        one.tokens = (one.tokens + since * full).min(full);
        one.filled = now;
        if is_paced && one.tokens < 1.0 {
            return Err(Excess::Handshakes);
        }
        if most > 0 && one.open >= most {
            return Err(Excess::Connections);
        }
        if is_paced {
            one.tokens -= 1.0;
        }
        one.open += 1;
        Ok(Some(Counted { clients: Arc::clone(self), client: key }))
    }
}

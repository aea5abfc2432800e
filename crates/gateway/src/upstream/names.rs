//! The addresses behind the name of an upstream. They are looked up again while the gateway runs, and used in turn; one that
//! cannot be connected to rests.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use policy::Endpoint;
use tokio::time::Instant;

/// For which an address that could not be connected to is tried last.
const REST: Duration = Duration::from_secs(30);
/// Addresses of one name.
const MAX_ADDRESSES: usize = 64;

/// The addresses of one upstream, shared by all workers.
pub(super) struct Names {
    host: String,
    port: u16,
    known: Mutex<Vec<Known>>,
    turn: AtomicUsize,
    first_look_up: tokio::sync::Mutex<()>,
}

struct Known {
    address: SocketAddr,
    rests_until: Option<Instant>,
}

impl Names {
    /// The addresses of an upstream over TCP. Those of a name are not known yet.
    pub(super) fn of(endpoint: &Endpoint) -> Option<Names> {
        let Endpoint::Tcp { authority, port, .. } = endpoint else { return None };
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let names = Names {
            known: Mutex::default(),
            turn: AtomicUsize::new(0),
            first_look_up: tokio::sync::Mutex::default(),
            port: *port,
            host,
        };
        if let Ok(address) = names.host.parse::<IpAddr>() {
            names.replace([SocketAddr::new(address, *port)]);
        }
        Some(names)
    }

    /// Whether this is an address and no name.
    pub(super) fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    /// Looks the name up. When that fails, the addresses stay as they are.
    pub(super) async fn look_up(&self) -> io::Result<()> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        self.replace(found);
        Ok(())
    }

    /// Takes note of what the name stands for now.
    fn replace(&self, found: impl IntoIterator<Item = SocketAddr>) {
        let mut known = self.known.lock();
        let mut now: Vec<Known> = Vec::new();
        for address in found.into_iter().take(MAX_ADDRESSES) {
            if !now.iter().any(|k| k.address == address) {
                let before = known.iter().find(|k| k.address == address);
                now.push(Known { address, rests_until: before.and_then(|k| k.rests_until) });
            }
        }
        if !now.is_empty() {
            *known = now;
        }
    }

    /// All addresses, in the order in which to try them this time: each is the first in its turn, and the two families
    /// alternate (RFC 8305 §4). Those that rest are last. They are looked up if they are not known yet.
    pub(super) async fn in_turn(&self) -> io::Result<Vec<SocketAddr>> {
        if self.known.lock().is_empty() {
            let _one_at_a_time = self.first_look_up.lock().await;
            if self.known.lock().is_empty() {
                self.look_up().await?;
            }
        }
        let known = self.known.lock();
        if let [only] = known.as_slice() {
            return Ok(vec![only.address]);
        }
        let now = Instant::now();
        let is_resting = |k: &&Known| k.rests_until.is_some_and(|until| until > now);
        let (resting, mut awake): (Vec<_>, Vec<_>) = known.iter().partition(is_resting);
        if !awake.is_empty() {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % awake.len();
            awake.rotate_left(turn);
        }
        let addresses = |list: Vec<&Known>| list.into_iter().map(|k| k.address).collect();
        let mut order = alternating(addresses(awake));
        order.extend(alternating(addresses(resting)));
        Ok(order)
    }

    /// Whether the name still stands for this address.
    pub(super) fn has(&self, address: SocketAddr) -> bool {
        self.known.lock().iter().any(|k| k.address == address)
    }

    /// An address could not be connected to, or another one was quicker by far.
    pub(super) fn rest(&self, address: SocketAddr) {
        for known in self.known.lock().iter_mut().filter(|k| k.address == address) {
            known.rests_until = Some(Instant::now() + REST);
        }
    }
}

/// Addresses with the families in turn, beginning with that of the first.
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().map(SocketAddr::is_ipv6) else { return addresses };
    let (same, other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|a| a.is_ipv6() == first);
    let (mut same, mut other) = (same.into_iter(), other.into_iter());
    let mut order = Vec::with_capacity(same.len() + other.len());
    loop {
        let pair = [same.next(), other.next()];
        if pair == [None, None] {
            return order;
        }
        order.extend(pair.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(addresses: &[&str]) -> Names {
        let endpoint = Endpoint::Tcp { tls: false, authority: "api.example:80".parse().unwrap(), port: 80 };
        let names = Names::of(&endpoint).unwrap();
        names.replace(addresses.iter().map(|a| a.parse().unwrap()));
        names
    }

    async fn order(names: &Names) -> Vec<String> {
        names.in_turn().await.unwrap().iter().map(ToString::to_string).collect()
    }

    const A: &str = "192.0.2.1:80";
    const B: &str = "192.0.2.2:80";
    const C: &str = "[2001:db8::3]:80";

    #[tokio::test]
    async fn each_address_has_its_turn_and_families_alternate() {
        let names = names(&[A, B, C, A]);
        assert_eq!(order(&names).await, [A, C, B]);
        assert_eq!(order(&names).await, [B, C, A]);
        assert_eq!(order(&names).await, [C, A, B]);
        assert_eq!(order(&names).await, [A, C, B]);
    }

    #[tokio::test]
    async fn an_address_that_rests_is_last_and_stays_so_over_a_look_up() {
        let names = names(&[A, B]);
        names.rest(A.parse().unwrap());
        for _ in 0..3 {
            assert_eq!(order(&names).await, [B, A]);
        }
        names.replace([A, B, C].map(|a| a.parse().unwrap()));
        assert_eq!(order(&names).await.last().unwrap(), A);
    }

    #[tokio::test]
    async fn an_address_that_is_gone_is_not_used_and_an_empty_answer_changes_nothing() {
        let names = names(&[A, B]);
        names.replace([B.parse().unwrap()]);
        assert!(!names.has(A.parse().unwrap()));
        names.replace([]);
        assert_eq!(order(&names).await, [B]);
    }
}

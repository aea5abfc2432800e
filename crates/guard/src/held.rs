//! The bytes that exchanges hold: request bodies that wait for a verdict, and answers that wait for their client. There is
//! a budget for all of them, and one for each client, so that one client cannot use up the memory of all.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use policy::HeldLimits;
use prometheus_client::metrics::gauge::Gauge;

use crate::network::network;

/// What is held now.
#[derive(Debug, Default)]
pub(crate) struct HeldBytes {
    sums: Mutex<Sums>,
    gauge: Gauge<u64, AtomicU64>,
}

#[derive(Debug, Default)]
struct Sums {
    all: usize,
    /// Only clients that hold something; an IPv6 client is its /64.
    by_client: HashMap<u128, usize>,
}

impl HeldBytes {
    /// Nothing is held yet. The gauge shows what is.
    pub(crate) fn counted_by(gauge: Gauge<u64, AtomicU64>) -> Self {
        HeldBytes { sums: Mutex::default(), gauge }
    }

    /// The share of one exchange, which holds nothing yet.
    pub(crate) fn share(self: &Arc<Self>, client: IpAddr, limits: HeldLimits) -> Share {
        Share { of: Arc::clone(self), client: network(client), limits, bytes: 0 }
    }
}

/// What one exchange holds. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    of: Arc<HeldBytes>,
    client: u128,
    limits: HeldLimits,
    bytes: usize,
}

impl Share {
    /// Another share of the same client, which holds nothing yet.
    pub(crate) fn fresh(&self) -> Share {
        Share { of: Arc::clone(&self.of), client: self.client, limits: self.limits, bytes: 0 }
    }

    /// Holds so many bytes more.
    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), OverBudget> {
        self.resize(self.bytes.saturating_add(bytes))
    }

    /// Holds so many bytes from now on. Nothing changes if that is too many; fewer than before never are.
    pub(crate) fn resize(&mut self, bytes: usize) -> Result<(), OverBudget> {
        if bytes == self.bytes {
            return Ok(());
        }
        let mut sums = self.of.sums.lock();
        let own = sums.by_client.get(&self.client).copied().unwrap_or(0).saturating_sub(self.bytes);
        let others = sums.all.saturating_sub(self.bytes);
        if bytes > self.bytes {
            if own.saturating_add(bytes) > self.limits.per_client.as_usize() {
                return Err(OverBudget::Client(self.limits));
            }
            if others.saturating_add(bytes) > self.limits.total.as_usize() {
                return Err(OverBudget::All(self.limits));
            }
        }
        sums.all = others.saturating_add(bytes);
        self.of.gauge.set(sums.all as u64);
        match own.saturating_add(bytes) {
            0 => drop(sums.by_client.remove(&self.client)),
            own => drop(sums.by_client.insert(self.client, own)),
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let _ = self.resize(0);
    }
}

/// A budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OverBudget {
    /// That of the client.
    Client(HeldLimits),
    /// That of all together.
    All(HeldLimits),
}

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OverBudget::Client(limits) => {
                write!(
                    f,
                    "this client's exchanges would hold over {} ([gateway] max_held_per_client)",
                    limits.per_client
                )
            }
            OverBudget::All(limits) => {
                write!(f, "all exchanges together would hold over {} ([gateway] max_held)", limits.total)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use policy::ByteSize;

    use super::*;

    #[test]
    fn a_client_uses_up_its_own_budget_and_all_together_the_common_one() {
        let limits = HeldLimits { total: ByteSize(100), per_client: ByteSize(60) };
        let held = Arc::new(HeldBytes::default());
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut one = held.share(address("192.0.2.1"), limits);
        assert_eq!(one.add(40), Ok(()));
        let mut again = held.share(address("::ffff:192.0.2.1"), limits);
        assert_eq!(again.add(21), Err(OverBudget::Client(limits)));
        assert_eq!(again.add(20), Ok(()));
        let mut other = held.share(address("2001:db8::1"), limits);
        assert_eq!(other.add(41), Err(OverBudget::All(limits)));
        assert_eq!(other.add(40), Ok(()));
        let mut neighbour = held.share(address("2001:db8::2"), limits);
        assert_eq!(neighbour.add(1), Err(OverBudget::All(limits)));
        // What is given back can be held again.
        assert_eq!(one.resize(10), Ok(()));
        assert_eq!(neighbour.add(20), Ok(()), "the /64 holds 60 now");
        assert_eq!(neighbour.add(1), Err(OverBudget::Client(limits)));
        drop((one, again, other, neighbour));
        let sums = held.sums.lock();
        assert!(sums.all == 0 && sums.by_client.is_empty(), "{sums:?}");
    }
}

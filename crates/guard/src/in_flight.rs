//! Requests that are under way: in all, and of each client. A request is under way until the last byte of its answer has
//! left, and a tunnel until it ends.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::network::network;
use crate::seats::{Seat, Seats};

/// The requests under way.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    all: AtomicUsize,
    clients: Arc<Seats>,
}

/// One of them, as long as it is held.
#[derive(Debug)]
pub(crate) struct Place {
    in_flight: Arc<InFlight>,
    _seat: Seat,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// There are too many in all.
    All(usize),
    /// The client has too many.
    Client(u32),
}

impl InFlight {
    /// A place for a request; 0 is no limit.
    pub(crate) fn enter(
        self: &Arc<Self>,
        client: IpAddr,
        most: usize,
        of_client: u32,
    ) -> Result<Place, Full> {
        let before = self.all.fetch_add(1, Ordering::Relaxed);
        if most > 0 && before >= most {
            self.all.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::All(before));
        }
        // From half on, nobody gets more than a small part: some who hold all that they may shut out no others.
        let part = u32::try_from((most / 64).max(8)).unwrap_or(u32::MAX);
        let of_client =
            if most > 0 && before >= most / 2 && of_client > 0 { of_client.min(part) } else { of_client };
        match self.clients.take(network(client), of_client) {
            Ok(seat) => Ok(Place { in_flight: Arc::clone(self), _seat: seat }),
            Err(count) => {
                self.all.fetch_sub(1, Ordering::Relaxed);
                Err(Full::Client(count))
            }
        }
    }

    /// How many there are.
    pub(crate) fn all(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.in_flight.all.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let in_flight = Arc::new(InFlight::default());
        let (a, b): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let first = in_flight.enter(a, 3, 2).unwrap();
        let second = in_flight.enter(a, 3, 2).unwrap();
        assert_eq!(in_flight.enter(a, 3, 2).unwrap_err(), Full::Client(2));
        let third = in_flight.enter(b, 3, 2).unwrap();
        assert_eq!(in_flight.enter(b, 3, 2).unwrap_err(), Full::All(3));
        drop(first);
        let fourth = in_flight.enter(a, 3, 2).unwrap();
        drop((second, third, fourth));
        assert_eq!(in_flight.all(), 0);
        assert!(in_flight.clients.is_empty());
    }
}

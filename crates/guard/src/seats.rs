//! What some may have at the same time: each key has as many seats as are allowed, and a seat is free again when it is dropped.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// The seats that are taken, by key.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    taken: Mutex<HashMap<u128, u32>>,
}

/// One of them, as long as it is held.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    key: u128,
}

impl Seats {
    /// A seat of a key that may have this many, 0 for any number; or how many are taken.
    pub(crate) fn take(self: &Arc<Self>, key: u128, most: u32) -> Result<Seat, u32> {
        let mut taken = self.taken.lock();
        let count = taken.get(&key).copied().unwrap_or(0);
        if most > 0 && count >= most {
            return Err(count);
        }
        taken.insert(key, count + 1);
        Ok(Seat { seats: Arc::clone(self), key })
    }

    /// A seat of a key that may have any number.
    pub(crate) fn sit(self: &Arc<Self>, key: u128) -> Seat {
        *self.taken.lock().entry(key).or_default() += 1;
        Seat { seats: Arc::clone(self), key }
    }

    /// How many seats of a key are taken.
    pub(crate) fn taken(&self, key: u128) -> u32 {
        self.taken.lock().get(&key).copied().unwrap_or(0)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.lock().is_empty()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_free_when_it_is_dropped() {
        let seats = Arc::new(Seats::default());
        let first = seats.take(1, 2).unwrap();
        let second = seats.take(1, 2).unwrap();
        assert_eq!(seats.take(1, 2).unwrap_err(), 2);
        let other = seats.take(2, 1).unwrap();
        drop(first);
        let third = seats.take(1, 2).unwrap();
        drop((second, third, other));
        assert!(seats.is_empty());
    }
}

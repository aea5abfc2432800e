//! The id under which a client's answer and an operator's line meet.

use std::fmt::{self, Write as _};
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderValue;
use serde::{Serialize, Serializer};

/// The id under which a client's answer and an operator's line meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventId(u128);

impl EventId {
    /// A new id: 48 bits of time, 80 of chance.
    pub fn new(now: SystemTime) -> Self {
        let millis = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_millis());
        EventId((millis << 80) | (fastrand::u128(..) >> 48))
    }

    /// The id as the value of a header.
    pub(crate) fn header_value(self) -> Option<HeaderValue> {
        HeaderValue::from_maybe_shared(Bytes::copy_from_slice(&self.hex())).ok()
    }

    fn hex(self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |at: usize| (self.0 >> (124 - 4 * at) & 15) as usize;
        std::array::from_fn(|at| DIGITS.get(digit(at)).copied().unwrap_or(b'0'))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hex().iter().try_for_each(|digit| f.write_char(char::from(*digit)))
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

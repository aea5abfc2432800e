//! Times, as every backend keeps them.

use std::time::Duration;

/// A time in milliseconds since 1970, or a length of time in milliseconds.
pub type Millis = u64;

/// A length of time in milliseconds; at most what the type holds.
pub fn millis(length: Duration) -> Millis {
    Millis::try_from(length.as_millis()).unwrap_or(Millis::MAX)
}

/// Now, for backends that drop expired entries by a clock of their own.
pub(crate) fn unix_millis() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    millis(since)
}

//! Times, as every backend keeps them.

/// A time in milliseconds since 1970, or a length of time in milliseconds.
pub type Millis = u64;

/// Now, for backends that drop expired entries by a clock of their own.
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
pub(crate) fn unix_millis() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

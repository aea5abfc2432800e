//! Numbers as the database's type for them.

/// A time, a version or a bound.
pub(super) fn bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

//! What comparisons have in common.

use std::fmt::Display;

/// A value that was another one.
pub(super) fn changed(what: impl Display, was: impl Display, is: impl Display) -> String {
    format!("{what} was {was}, is {is}")
}

/// What is in one list and not in another.
pub(super) fn missing<'l, T: PartialEq>(from: &'l [T], other: &'l [T]) -> impl Iterator<Item = &'l T> {
    from.iter().filter(|item| !other.contains(item))
}

//! Doors that look into bodies.

use policy::{BuiltInDoor, Mode};

use crate::exchange::Exchange;

/// The doors that look into a body.
pub(super) const READERS: [BuiltInDoor; 4] =
    [BuiltInDoor::Protocol, BuiltInDoor::Schema, BuiltInDoor::Injection, BuiltInDoor::Ownership];

/// Whether a door that looks into the body may act on what it sees.
pub(super) fn is_judged(x: &Exchange<'_>) -> bool {
    x.routes().any(|route| READERS.into_iter().any(|door| route.modes.of(door) == Mode::Enforce))
}

/// Whether any door looks into the body.
pub(super) fn reads_body(x: &Exchange<'_>) -> bool {
    x.routes().any(|route| READERS.into_iter().any(|door| route.modes.of(door) != Mode::Off))
}

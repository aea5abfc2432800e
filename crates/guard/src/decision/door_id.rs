//! Which door a decision is of.

use std::borrow::Cow;

use policy::{BuiltInDoor, Mode, RoutePolicy};

/// A door of the policy, or one that brings its own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoorId {
    /// A door that the policy knows.
    BuiltIn(BuiltInDoor),
    /// Any other door; its mode is the same on every route.
    Named(Cow<'static, str>, Mode),
}

impl DoorId {
    /// Its name in events and metrics.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            DoorId::BuiltIn(door) => Cow::Borrowed(door.name()),
            DoorId::Named(name, _) => name.clone(),
        }
    }

    /// Its mode on a route.
    pub fn mode(&self, route: &RoutePolicy) -> Mode {
        match self {
            DoorId::BuiltIn(door) => route.modes.of(*door),
            DoorId::Named(_, mode) => *mode,
        }
    }
}

impl From<BuiltInDoor> for DoorId {
    fn from(door: BuiltInDoor) -> Self {
        DoorId::BuiltIn(door)
    }
}

//! The settings of the doors, one file a door. A file holds the door's settings with their defaults, what
//! a route may change, both in compiled form, and the lines that `doorward check` prints.

mod auth;
mod cookies;
mod cors;
mod headers;
mod injection;
mod network;
mod ownership;
mod protocol;
mod rate;
mod schema;

pub use auth::*;
pub use cookies::*;
pub use cors::*;
pub use headers::*;
pub use injection::*;
pub use network::*;
pub use ownership::*;
pub use protocol::*;
pub use rate::*;
pub use schema::*;

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A door: one way in that attackers try, and the module of `guard` that shuts it.
///
/// Section numbers are those of [the guide](https://github.com/doorward/doorward/blob/main/docs/guide.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Door {
    /// Framing, sizes, encodings, paths (guide §9).
    Protocol,
    /// Addresses and user agents (guide §9).
    Network,
    /// Cross-origin requests and request forgery (guide §5).
    Cors,
    /// Rate limits (guide §4).
    Rate,
    /// Authentication (guide §8).
    Authentication,
    /// Types and allowed fields: mass assignment, data exposure (guide §6).
    Schema,
    /// SQL and script injection (guide §1, §3, §9).
    Injection,
    /// Whose object it is: BOLA / IDOR (guide §2).
    Ownership,
    /// Security headers on every response (guide §7).
    Headers,
    /// Attributes of cookies (guide §3, §8).
    Cookies,
}

impl Door {
    /// Every door, in the order in which a request meets them.
    pub const ALL: [Door; 10] = [
        Door::Protocol,
        Door::Network,
        Door::Cors,
        Door::Rate,
        Door::Authentication,
        Door::Schema,
        Door::Injection,
        Door::Ownership,
        Door::Headers,
        Door::Cookies,
    ];

    /// The name in configuration, events and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Door::Protocol => "protocol",
            Door::Network => "network",
            Door::Cors => "cors",
            Door::Rate => "rate",
            Door::Authentication => "authentication",
            Door::Schema => "schema",
            Door::Injection => "injection",
            Door::Ownership => "ownership",
            Door::Headers => "headers",
            Door::Cookies => "cookies",
        }
    }
}

impl std::fmt::Display for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What a door does with its decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The door is not asked.
    Off,
    /// The door decides and logs, and changes nothing.
    Observe,
    /// The door's decision holds.
    #[default]
    Enforce,
}

impl Mode {
    /// The name in configuration and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Off => "off",
            Mode::Observe => "observe",
            Mode::Enforce => "enforce",
        }
    }
}

/// The mode of every door on one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes([Mode; Door::ALL.len()]);

impl Default for Modes {
    fn default() -> Self {
        Modes([Mode::Enforce; Door::ALL.len()])
    }
}

impl Modes {
    /// Every door in the same mode.
    pub const fn all(mode: Mode) -> Self {
        Modes([mode; Door::ALL.len()])
    }

    /// The mode of one door.
    #[allow(clippy::indexing_slicing, reason = "there is a mode for each door")]
    pub const fn of(&self, door: Door) -> Mode {
        self.0[door as usize]
    }

    /// Sets the mode of one door.
    #[allow(clippy::indexing_slicing, reason = "there is a mode for each door")]
    pub fn set(&mut self, door: Door, mode: Mode) {
        self.0[door as usize] = mode;
    }

    /// These modes, changed where a table names a door.
    pub(crate) fn changed_by(mut self, written: &BTreeMap<DoorName, Mode>) -> Modes {
        for (DoorName(door), mode) in written {
            self.set(*door, *mode);
        }
        self
    }

    /// The lines of `doorward check`: the doors that are not enforced.
    pub fn rows(&self) -> Vec<String> {
        let open = Door::ALL.into_iter().filter(|door| self.of(*door) != Mode::Enforce);
        open.map(|door| format!("{door}: {}", self.of(door).name())).collect()
    }
}

/// A [`Door`] as a key of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DoorName(pub Door);

impl<'de> Deserialize<'de> for DoorName {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        Door::ALL.into_iter().find(|door| door.name() == name).map(DoorName).ok_or_else(|| {
            let names = Door::ALL.map(|door| format!("`{door}`")).join(", ");
            D::Error::custom(format!("unknown door `{name}`, expected one of {names}"))
        })
    }
}

impl Serialize for DoorName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

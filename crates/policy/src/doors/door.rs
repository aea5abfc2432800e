//! The doors by name, and what each does on a route.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A door: one way in that attackers try, and the module of `guard` that shuts it.
///
/// Section numbers are those of [the guide](https://github.com/doorward/doorward/blob/main/docs/guide.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BuiltInDoor {
    /// Framing, sizes, encodings, paths (guide §9).
    Protocol,
    /// Addresses and user agents (guide §9).
    Network,
    /// Programs, and browsers that have to prove themselves (guide §9).
    Bots,
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

impl BuiltInDoor {
    /// Every door, in the order in which a request meets them.
    pub const ALL: [BuiltInDoor; 11] = [
        BuiltInDoor::Protocol,
        BuiltInDoor::Network,
        BuiltInDoor::Bots,
        BuiltInDoor::Cors,
        BuiltInDoor::Rate,
        BuiltInDoor::Authentication,
        BuiltInDoor::Schema,
        BuiltInDoor::Injection,
        BuiltInDoor::Ownership,
        BuiltInDoor::Headers,
        BuiltInDoor::Cookies,
    ];

    /// The name in configuration, events and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            BuiltInDoor::Protocol => "protocol",
            BuiltInDoor::Network => "network",
            BuiltInDoor::Bots => "bots",
            BuiltInDoor::Cors => "cors",
            BuiltInDoor::Rate => "rate",
            BuiltInDoor::Authentication => "authentication",
            BuiltInDoor::Schema => "schema",
            BuiltInDoor::Injection => "injection",
            BuiltInDoor::Ownership => "ownership",
            BuiltInDoor::Headers => "headers",
            BuiltInDoor::Cookies => "cookies",
        }
    }
}

impl std::fmt::Display for BuiltInDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What a door does with its decision, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, Serialize)]
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
pub struct Modes([Mode; BuiltInDoor::ALL.len()]);

impl Default for Modes {
    fn default() -> Self {
        Modes([Mode::Enforce; BuiltInDoor::ALL.len()])
    }
}

impl Modes {
    /// Every door in the same mode.
    pub const fn all(mode: Mode) -> Self {
        Modes([mode; BuiltInDoor::ALL.len()])
    }

    /// The mode of one door.
    #[allow(clippy::indexing_slicing, reason = "there is a mode for each door")]
    pub const fn of(&self, door: BuiltInDoor) -> Mode {
        self.0[door as usize]
    }

    /// Sets the mode of one door.
    #[allow(clippy::indexing_slicing, reason = "there is a mode for each door")]
    pub fn set(&mut self, door: BuiltInDoor, mode: Mode) {
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
        let open = BuiltInDoor::ALL.into_iter().filter(|door| self.of(*door) != Mode::Enforce);
        open.map(|door| format!("{door}: {}", self.of(door).name())).collect()
    }
}

/// A [`BuiltInDoor`] as a key of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DoorName(pub BuiltInDoor);

impl<'de> Deserialize<'de> for DoorName {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        BuiltInDoor::ALL.into_iter().find(|door| door.name() == name).map(DoorName).ok_or_else(|| {
            let names = BuiltInDoor::ALL.map(|door| format!("`{door}`")).join(", ");
            D::Error::custom(format!("unknown door `{name}`, expected one of {names}"))
        })
    }
}

impl Serialize for DoorName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

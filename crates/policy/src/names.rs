//! A list of names that somebody has to write something into: an empty one reads as "all" to one person and as "none" to
//! another.

use std::ops::Deref;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Names of a setting; empty where the setting is not written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(Vec<String>);

impl Deref for Names {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let names = Vec::deserialize(d)?;
        match names.is_empty() {
            true => Err(D::Error::custom(EMPTY)),
            false => Ok(Names(names)),
        }
    }
}

/// What is said of an empty list.
pub(crate) const EMPTY: &str = "an empty list can be read as all and as none";

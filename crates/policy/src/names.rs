//! Names as people write them, in lists that have to say something: an empty one reads as "all" to one person and as "none"
//! to another.

use std::ops::Deref;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Names of a setting; empty where the setting is not written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
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

/// The candidate nearest to what was written, when it is near enough to be what was meant.
pub(crate) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(written, c), c))
        .filter(|(distance, c)| *distance <= 1 + c.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

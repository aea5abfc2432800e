//! An advisory as OSV writes it. Only what a match needs is read; what is `null` counts as not there.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One record.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    /// Its id, such as `GHSA-jfh8-c2jp-5v3q`.
    pub id: String,
    /// Ids of the same fault in other databases.
    #[serde(default, deserialize_with = "or_default")]
    pub aliases: Vec<String>,
    /// When it was withdrawn, if it was.
    #[serde(default)]
    pub withdrawn: Option<String>,
    /// When it was changed.
    #[serde(default)]
    pub modified: Option<String>,
    /// One line.
    #[serde(default)]
    pub summary: Option<String>,
    /// The long text.
    #[serde(default)]
    pub details: Option<String>,
    /// CVSS vectors.
    #[serde(default, deserialize_with = "or_default")]
    pub severity: Vec<Severity>,
    /// What is affected.
    #[serde(default, deserialize_with = "or_default")]
    pub affected: Vec<Affected>,
    /// What the database adds.
    #[serde(default)]
    pub database_specific: Value,
}

/// A CVSS vector.
#[derive(Debug, Clone, Deserialize)]
pub struct Severity {
    /// The vector.
    pub score: String,
}

/// A package, and which versions of it are affected.
#[derive(Debug, Clone, Deserialize)]
pub struct Affected {
    /// The package; without one, the entry is about commits.
    #[serde(default)]
    pub package: Option<AffectedPackage>,
    /// Ranges of versions.
    #[serde(default, deserialize_with = "or_default")]
    pub ranges: Vec<Range>,
    /// Single versions.
    #[serde(default, deserialize_with = "or_default")]
    pub versions: Vec<String>,
    /// CVSS vectors for this package.
    #[serde(default, deserialize_with = "or_default")]
    pub severity: Vec<Severity>,
    /// What the ecosystem adds.
    #[serde(default)]
    pub ecosystem_specific: Value,
    /// What the database adds.
    #[serde(default)]
    pub database_specific: Value,
}

/// A package in a record.
#[derive(Debug, Clone, Deserialize)]
pub struct AffectedPackage {
    /// The ecosystem, under its OSV name.
    pub ecosystem: String,
    /// Its name.
    pub name: String,
}

/// A range of versions.
#[derive(Debug, Clone, Deserialize)]
pub struct Range {
    /// `SEMVER`, `ECOSYSTEM` or `GIT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its bounds.
    #[serde(default, deserialize_with = "or_default")]
    pub events: Vec<Event>,
}

/// A bound. One of the members is there.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Event {
    /// The first version that is affected; `0` is before all.
    #[serde(default)]
    pub introduced: Option<String>,
    /// The first version that is not affected any more.
    #[serde(default)]
    pub fixed: Option<String>,
    /// The last version that is affected.
    #[serde(default)]
    pub last_affected: Option<String>,
    /// The version from which on the range says nothing.
    #[serde(default)]
    pub limit: Option<String>,
}

/// What of a record tells whether the rest is worth reading.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub(super) id: String,
    #[serde(default)]
    pub(super) modified: Option<String>,
    #[serde(default)]
    pub(super) withdrawn: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) affected: Vec<HeadAffected>,
}

#[derive(Debug, Deserialize)]
pub(super) struct HeadAffected {
    #[serde(default)]
    pub(super) package: Option<AffectedPackage>,
}

fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(value: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

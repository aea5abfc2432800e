//! `[cedar]`: policies beyond one owner.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// `[cedar]`. Where policies are named, a request that none of them permits is refused.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CedarConfig {
    /// Files of policies, and directories of `*.cedar` files.
    pub policies: Vec<PathBuf>,
    /// Claims that policies may look at as attributes of the principal, with their types.
    pub claims: BTreeMap<String, ClaimType>,
}

/// The type of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimType {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A list of texts, or one text.
    Strings,
    /// A list of whole numbers, or one.
    Integers,
}

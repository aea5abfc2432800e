//! `[cedar]`: policies beyond one owner.

use std::collections::BTreeMap;
use std::path::PathBuf;

use authorization::ClaimType;
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

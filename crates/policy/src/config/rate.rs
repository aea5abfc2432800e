//! `[rate]`.

use std::path::PathBuf;

use serde::Deserialize;

use crate::units::Limit;

/// `[rate]`: limits in words; several hold at once and the strictest wins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateConfig {
    /// Limits on every route.
    pub limits: Vec<Limit>,
    /// Limits on login routes, beside the others.
    pub login: Vec<Limit>,
    /// Paths of login routes, beside the POSTs that look like one by their last segment.
    pub login_paths: Vec<String>,
    /// Counters kept; the oldest idle ones go first.
    pub max_keys: usize,
    /// A file with the secret under which counter keys are hashed, the same for all gateways that share counters; random
    /// when not set.
    pub hash_secret_file: Option<PathBuf>,
    /// The environment variable that holds this secret.
    pub hash_secret_env: Option<String>,
}

impl Default for RateConfig {
    fn default() -> Self {
        RateConfig {
            limits: "2000 per 5 minutes".parse().into_iter().collect(),
            login: "5 per 15 minutes counting failures".parse().into_iter().collect(),
            login_paths: Vec::new(),
            max_keys: 1_000_000,
            hash_secret_file: None,
            hash_secret_env: None,
        }
    }
}

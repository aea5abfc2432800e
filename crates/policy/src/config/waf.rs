//! `[waf]`: rule sets of the ModSecurity language.

use std::path::PathBuf;

use serde::Deserialize;

/// `[waf]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WafConfig {
    /// The OWASP Core Rule Set.
    pub crs: Option<CrsConfig>,
}

/// `[waf.crs]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrsConfig {
    /// A directory with `rules`, and `crs-setup.conf` or `crs-setup.conf.example`.
    pub path: PathBuf,
    /// Files of the operator's own, before and after the rules.
    #[serde(default)]
    pub before: Vec<PathBuf>,
    /// The same, after them.
    #[serde(default)]
    pub after: Vec<PathBuf>,
    /// Paranoia level, 1 to 4: more is refused, and more of it is no attack.
    #[serde(default = "one")]
    pub paranoia: u8,
    /// The anomaly score at which a request is refused; a critical finding is 5.
    #[serde(default = "five")]
    pub threshold: u32,
}

fn one() -> u8 {
    1
}

fn five() -> u32 {
    5
}

//! `[waf]`: rule sets of the ModSecurity language.

use std::path::PathBuf;

use serde::Deserialize;

/// `[waf]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WafConfig {
    /// The OWASP Core Rule Set.
    pub crs: Option<CrsConfig>,
    /// Whether the detectors that need no rules are asked.
    pub detectors: Detectors,
}

/// Whether the detectors that need no rules are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detectors {
    /// They are.
    #[default]
    On,
    /// Only the rule set is.
    Off,
}

/// What the rule set is told that it stands in front of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CrsProfile {
    /// An API: methods and media types of the route and the document, parameters in paths.
    #[default]
    Api,
    /// What the rule set's own setup says.
    Website,
}

/// `[waf.crs]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrsConfig {
    /// A directory with `rules`, and `crs-setup.conf` or `crs-setup.conf.example`; Debian's package when not set.
    #[serde(default = "debian")]
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
    /// What it is told that it stands in front of.
    #[serde(default)]
    pub profile: CrsProfile,
    /// Whether answers are judged too; texts, JSON and XML are held for that.
    #[serde(default = "yes")]
    pub responses: bool,
    /// The score at which an answer is refused.
    #[serde(default = "four")]
    pub response_threshold: u32,
    /// A file for what the rules found, in the JSON form of ModSecurity's audit log.
    pub audit_log: Option<PathBuf>,
}

/// Where Debian's package `modsecurity-crs` is.
fn debian() -> PathBuf {
    "/usr/share/modsecurity-crs".into()
}

fn yes() -> bool {
    true
}

fn four() -> u32 {
    4
}

fn one() -> u8 {
    1
}

fn five() -> u32 {
    5
}

//! `[cors]`.

use std::time::Duration;

use serde::Deserialize;

use crate::origin::OriginPattern;
use crate::units::Period;

/// `[cors]`: which web origins may read the API, and which cross-site writes are believed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CorsConfig {
    /// Allowed origins, exact or `https://*.example.com`; none by default.
    pub origins: Vec<OriginPattern>,
    /// Methods an allowed origin may use.
    pub methods: Vec<String>,
    /// Request headers an allowed origin may send.
    pub headers: Vec<String>,
    /// Response headers an allowed origin may read.
    pub expose: Vec<String>,
    /// Whether cookies and HTTP authentication may come along.
    pub credentials: bool,
    /// How long a browser may remember a preflight.
    pub max_age: Period,
    /// State-changing cross-site requests with cookies.
    pub csrf: Csrf,
}

impl Default for CorsConfig {
    fn default() -> Self {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        CorsConfig {
            origins: Vec::new(),
            methods: owned(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
            headers: owned(&["accept", "authorization", "content-type", "x-requested-with"]),
            expose: Vec::new(),
            credentials: false,
            max_age: Period(Duration::from_secs(600)),
            csrf: Csrf::Refuse,
        }
    }
}

/// What happens to a state-changing request that a browser sends across sites with cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Csrf {
    /// Refused unless its origin is allowed.
    Refuse,
    /// Not looked at: the API has its own tokens.
    Pass,
}

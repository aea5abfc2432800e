//! `[headers]` and `[cookies]`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::units::Period;

/// `[headers]`: what every response carries ([guide §7]). An empty value leaves a header out.
///
/// [guide §7]: https://github.com/doorward/doorward/blob/main/docs/guide.md#7-security-headers
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeadersConfig {
    /// `Content-Security-Policy`.
    pub content_security_policy: String,
    /// `X-Frame-Options`.
    pub frame_options: String,
    /// `Referrer-Policy`.
    pub referrer_policy: String,
    /// `Permissions-Policy`.
    pub permissions_policy: String,
    /// `Cross-Origin-Opener-Policy`.
    pub cross_origin_opener_policy: String,
    /// `Cross-Origin-Resource-Policy`.
    pub cross_origin_resource_policy: String,
    /// `Strict-Transport-Security: max-age`, on TLS only.
    pub hsts_max_age: Period,
    /// `includeSubDomains`.
    pub hsts_include_subdomains: bool,
    /// `preload`: for good, read hstspreload.org first.
    pub hsts_preload: bool,
    /// Response headers to remove, beside `Server`, `X-Powered-By` and their like.
    pub remove: Vec<String>,
    /// Further headers to set.
    pub set: BTreeMap<String, String>,
}

impl Default for HeadersConfig {
    fn default() -> Self {
        HeadersConfig {
            content_security_policy: "default-src 'self'".into(),
            frame_options: "DENY".into(),
            referrer_policy: "strict-origin-when-cross-origin".into(),
            permissions_policy: "camera=(), microphone=(), geolocation=()".into(),
            cross_origin_opener_policy: "same-origin".into(),
            cross_origin_resource_policy: "same-origin".into(),
            hsts_max_age: Period(Duration::from_secs(63_072_000)),
            hsts_include_subdomains: true,
            hsts_preload: false,
            remove: Vec::new(),
            set: BTreeMap::new(),
        }
    }
}

/// `[cookies]`: what every `Set-Cookie` of the API gains where it is missing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CookieConfig {
    /// `SameSite` of cookies that have none.
    pub same_site: SameSite,
    /// Cookies that scripts must read, by name: they get no `HttpOnly`.
    pub script_readable: Vec<String>,
}

impl Default for CookieConfig {
    fn default() -> Self {
        CookieConfig { same_site: SameSite::Lax, script_readable: Vec::new() }
    }
}

/// The `SameSite` attribute (RFC 6265bis §5.4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SameSite {
    /// Only same-site requests.
    Strict,
    /// Also top-level navigation.
    Lax,
}

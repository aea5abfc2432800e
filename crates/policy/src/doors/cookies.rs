//! `[cookies]`: what every `Set-Cookie` of the API gains where it is missing.

use serde::{Deserialize, Serialize};

use crate::settings::settings;

settings! {
    /// `[cookies]`: what every `Set-Cookie` of the API gains where it is missing.
    pub struct CookiesConfig {
        /// `SameSite` of cookies without one: `Strict` or `Lax`.
        pub same_site: SameSite = SameSite::Lax,
        /// Cookies that scripts must read, by name: they get no `HttpOnly`. `csrftoken`, `XSRF-TOKEN`, `_xsrf` and
        /// `csrf_token` never do.
        pub script_readable: Vec<String> = Vec::new(),
    }
}

/// The `SameSite` attribute (RFC 6265bis §5.4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum SameSite {
    /// Only same-site requests.
    Strict,
    /// Also top-level navigation.
    Lax,
}

impl SameSite {
    /// As it stands in `Set-Cookie`.
    pub const fn name(self) -> &'static str {
        match self {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
        }
    }
}

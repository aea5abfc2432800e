//! `[headers]`: what every response carries, and what none does.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::reader::Reader;
use crate::settings::{route_settings, settings};
use crate::units::Period;

settings! {
    /// `[headers]`: what every response carries (guide §7). An empty value leaves a header out.
    pub struct HeadersConfig {
        /// `Content-Security-Policy`.
        pub content_security_policy: String = "default-src 'self'".into(),
        /// What an HTML page without a `Content-Security-Policy` of its own gets: `enforce` sends
        /// `content_security_policy`, under which inline scripts and foreign sources do not run; `report` sends it as
        /// `Content-Security-Policy-Report-Only`, which blocks nothing; `off` sends none. A page's own policy stays.
        pub html: PagePolicy = PagePolicy::Enforce,
        /// `X-Frame-Options`.
        pub frame_options: String = "DENY".into(),
        /// `Referrer-Policy`.
        pub referrer_policy: String = "strict-origin-when-cross-origin".into(),
        /// `Permissions-Policy`.
        pub permissions_policy: String = "camera=(), microphone=(), geolocation=()".into(),
        /// `Cross-Origin-Opener-Policy`.
        pub cross_origin_opener_policy: String = "same-origin".into(),
        /// `Cross-Origin-Resource-Policy`.
        pub cross_origin_resource_policy: String = "same-origin".into(),
        /// `Strict-Transport-Security: max-age`, on TLS only.
        pub hsts_max_age: Period = Period(Duration::from_secs(63_072_000)),
        /// `includeSubDomains`.
        pub hsts_include_subdomains: bool = true,
        /// `preload`: for good, read hstspreload.org first.
        pub hsts_preload: bool = false,
        /// Response headers to remove, beside `Server`, `X-Powered-By` and their like.
        pub remove: Vec<String> = Vec::new(),
        /// Further headers to set.
        pub set: BTreeMap<String, String> = BTreeMap::new(),
    }
}

/// What an HTML page without a content security policy of its own gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PagePolicy {
    /// Ours.
    #[default]
    Enforce,
    /// Ours, which then blocks nothing: browsers write to the console what it would block.
    Report,
    /// None.
    Off,
}

route_settings! {
    /// What a route may say of its headers.
    pub struct HeadersRouteConfig {
        /// What an HTML page without a `Content-Security-Policy` of its own gets here: `enforce`, `report` or `off`.
        pub html: Option<PagePolicy>,
    }
}

/// The headers of one route.
#[derive(Debug, Clone)]
pub struct HeadersRoute {
    /// What an HTML page without a content security policy of its own gets.
    pub html: PagePolicy,
}

impl HeadersRoute {
    /// What holds where no route says otherwise.
    pub(crate) fn everywhere(config: &HeadersConfig) -> Self {
        HeadersRoute { html: config.html }
    }

    /// The same with what a route says.
    pub(crate) fn on_route(&self, route: &HeadersRouteConfig) -> Self {
        HeadersRoute { html: route.html.unwrap_or(self.html) }
    }

    /// The lines of `doorward check`.
    pub fn rows(&self) -> Vec<String> {
        let row = match self.html {
            PagePolicy::Enforce => return Vec::new(),
            PagePolicy::Report => "pages: policy only reports",
            PagePolicy::Off => "pages: no policy",
        };
        vec![row.to_owned()]
    }
}

/// Further headers by name, as the operator wrote them.
type ExtraHeaders = BTreeMap<String, String>;

/// Headers of every response, values ready.
#[derive(Debug)]
pub struct SecurityHeaders {
    /// Set where the upstream's value is missing or weaker.
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// `Strict-Transport-Security`, on TLS.
    pub hsts: HeaderValue,
    /// Removed.
    pub remove: Vec<HeaderName>,
}

impl HeadersConfig {
    pub(crate) fn compile(&self, reader: &mut Reader) -> SecurityHeaders {
        let builtin: ExtraHeaders = [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", &self.frame_options),
            ("x-xss-protection", "0"),
            ("referrer-policy", &self.referrer_policy),
            ("content-security-policy", &self.content_security_policy),
            ("permissions-policy", &self.permissions_policy),
            ("cross-origin-opener-policy", &self.cross_origin_opener_policy),
            ("cross-origin-resource-policy", &self.cross_origin_resource_policy),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let mut set = Vec::new();
        for (name, value) in builtin.iter().chain(&self.set).filter(|(_, value)| !value.is_empty()) {
            match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
                (Ok(name), Ok(value)) => set.push((name, value)),
                _ => {
                    reader.wrong(&["headers", "set", name], format!("`{name}: {value}` is not a header"), "")
                }
            }
        }
        let mut remove: Vec<HeaderName> = LEAKS.iter().map(|name| HeaderName::from_static(name)).collect();
        for (i, name) in self.remove.iter().enumerate() {
            match name.parse() {
                Ok(name) => remove.push(name),
                Err(_) => reader.wrong(
                    &["headers", "remove", &i.to_string()],
                    format!("`{name}` is not a header name"),
                    "",
                ),
            }
        }
        let mut hsts = format!("max-age={}", self.hsts_max_age.0.as_secs());
        if self.hsts_include_subdomains {
            hsts.push_str("; includeSubDomains");
        }
        if self.hsts_preload {
            hsts.push_str("; preload");
            if !self.hsts_include_subdomains || self.hsts_max_age.0 < Duration::from_secs(31_536_000) {
                reader.wrong(
                    &["headers", "hsts_preload"],
                    "preload lists take only a year or more, with subdomains",
                    "set `hsts_include_subdomains = true` and a longer `hsts_max_age`",
                );
            }
        }
        SecurityHeaders {
            set,
            hsts: HeaderValue::try_from(hsts).unwrap_or(HeaderValue::from_static("max-age=63072000")),
            remove,
        }
    }
}

/// Response headers that tell an attacker what runs behind the gate.
const LEAKS: [&str; 10] = [
    "server",
    "x-powered-by",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
    "x-runtime",
    "x-version",
    "x-debug-token",
    "x-debug-token-link",
    "x-drupal-cache",
];

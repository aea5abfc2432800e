//! Response headers: values made once, leaks named.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use super::Compiler;
use crate::compiled::{ExtraHeaders, SecurityHeaders};
use crate::config::HeadersConfig;

impl Compiler {
    pub(super) fn headers(&mut self, config: &HeadersConfig) -> SecurityHeaders {
        let builtin: ExtraHeaders = [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", &config.frame_options),
            ("x-xss-protection", "0"),
            ("referrer-policy", &config.referrer_policy),
            ("content-security-policy", &config.content_security_policy),
            ("permissions-policy", &config.permissions_policy),
            ("cross-origin-opener-policy", &config.cross_origin_opener_policy),
            ("cross-origin-resource-policy", &config.cross_origin_resource_policy),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let mut set = Vec::new();
        for (name, value) in builtin.iter().chain(&config.set).filter(|(_, value)| !value.is_empty()) {
            match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
                (Ok(name), Ok(value)) => set.push((name, value)),
                _ => self.wrong(&["headers", "set", name], format!("`{name}: {value}` is not a header"), ""),
            }
        }
        let mut remove: Vec<HeaderName> = LEAKS.iter().map(|name| HeaderName::from_static(name)).collect();
        for (i, name) in config.remove.iter().enumerate() {
            match name.parse() {
                Ok(name) => remove.push(name),
                Err(_) => self.wrong(
                    &["headers", "remove", &i.to_string()],
                    format!("`{name}` is not a header name"),
                    "",
                ),
            }
        }
        let mut hsts = format!("max-age={}", config.hsts_max_age.0.as_secs());
        if config.hsts_include_subdomains {
            hsts.push_str("; includeSubDomains");
        }
        if config.hsts_preload {
            hsts.push_str("; preload");
            if !config.hsts_include_subdomains || config.hsts_max_age.0 < Duration::from_secs(31_536_000) {
                self.wrong(
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

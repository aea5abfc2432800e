//! `[cors]`: which web origins may read the API, and which cross-site writes are accepted.

use std::time::Duration;

use http::Method;
use http::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::methods::method;
use crate::names::EMPTY;
use crate::origin::OriginPattern;
use crate::reader::Reader;
use crate::settings::settings;
use crate::units::Period;

settings! {
    /// `[cors]`: which web origins may read the API, and which cross-site writes are accepted.
    pub struct CorsConfig {
        /// Allowed origins, exact or `https://*.example.com`.
        pub origins: Vec<OriginPattern> = Vec::new(),
        /// Methods an allowed origin may use.
        pub methods: Vec<String> = owned(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
        /// Request headers an allowed origin may send.
        pub headers: Vec<String> = owned(&["accept", "authorization", "content-type", "x-requested-with"]),
        /// Response headers an allowed origin may read.
        pub expose: Vec<String> = Vec::new(),
        /// Whether cookies and HTTP authentication may come along.
        pub credentials: bool = false,
        /// How long a browser may cache a preflight.
        pub max_age: Period = Period(Duration::from_secs(600)),
        /// State-changing cross-site requests with cookies: `refuse` unless the origin is allowed, or `pass` for an API
        /// with tokens of its own against forgery.
        pub csrf: Csrf = Csrf::Refuse,
    }
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}

/// What happens to a state-changing request that a browser sends across sites with cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Csrf {
    /// Refused unless its origin is allowed.
    Refuse,
    /// Not checked: the API has its own tokens.
    Pass,
}

/// Cross-origin requests, with the header values ready.
#[derive(Debug)]
pub struct Cors {
    /// Allowed origins.
    pub origins: Vec<OriginPattern>,
    /// Allowed methods.
    pub methods: Vec<Method>,
    /// Allowed request headers.
    pub headers: Vec<HeaderName>,
    /// `Access-Control-Allow-Methods`.
    pub allow_methods: HeaderValue,
    /// `Access-Control-Allow-Headers`.
    pub allow_headers: Option<HeaderValue>,
    /// `Access-Control-Expose-Headers`.
    pub expose: Option<HeaderValue>,
    /// `Access-Control-Max-Age`.
    pub max_age: HeaderValue,
    /// Whether credentials may come along.
    pub credentials: bool,
    /// State-changing cross-site requests with cookies.
    pub csrf: Csrf,
}

impl CorsConfig {
    pub(crate) fn compile(&self, reader: &mut Reader) -> Option<Cors> {
        if self.credentials && self.origins.contains(&OriginPattern::Any) {
            reader.wrong(
                &["cors", "origins"],
                "`*` with credentials lets every site act as the visitor",
                "list the origins, or set `credentials = false`",
            );
        }
        if self.methods.is_empty() {
            reader.wrong(
                &["cors", "methods"],
                EMPTY,
                "name the methods that listed origins may use, or leave it out",
            );
        }
        for (i, written) in self.methods.iter().enumerate() {
            if let Err(help) = method(written) {
                let message = format!("`{written}` is not a method");
                reader.wrong(&["cors", "methods", &i.to_string()], message, help);
            }
        }
        match self.values() {
            Ok(cors) => Some(cors),
            Err((field, message)) => {
                reader.wrong(&["cors", field], message, "");
                None
            }
        }
    }

    fn values(&self) -> Result<Cors, (&'static str, String)> {
        let methods: Vec<Method> = self.methods.iter().filter_map(|written| method(written).ok()).collect();
        let names = |field, list: &[String]| {
            list.iter()
                .map(|h| {
                    h.parse()
                        .map_err(|_| (field, format!("`{h}` is not a header name; list them one by one")))
                })
                .collect::<Result<Vec<HeaderName>, _>>()
        };
        let headers = names("headers", &self.headers)?;
        let expose = names("expose", &self.expose)?;
        let join = |list: Vec<&str>| HeaderValue::try_from(list.join(", ")).ok();
        Ok(Cors {
            origins: self.origins.clone(),
            allow_methods: join(methods.iter().map(Method::as_str).collect())
                .unwrap_or(HeaderValue::from_static("GET")),
            allow_headers: join(headers.iter().map(HeaderName::as_str).collect())
                .filter(|_| !headers.is_empty()),
            expose: join(expose.iter().map(HeaderName::as_str).collect()).filter(|_| !expose.is_empty()),
            max_age: HeaderValue::from(self.max_age.0.as_secs()),
            methods,
            headers,
            credentials: self.credentials,
            csrf: self.csrf,
        })
    }
}

//! The servers of the API: where they are, and what is spoken to them.

use std::path::PathBuf;

use http::Uri;
use http::uri::Authority;
use serde::{Deserialize, Serialize};

/// The protocol that is spoken to upstreams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum Protocol {
    /// What the URL says: HTTP/1.1 for `http://`, HTTP/2 for `h2c://`; the server's choice for `https://`.
    #[serde(rename = "auto")]
    Auto,
    /// HTTP/1.1.
    #[serde(rename = "1.1")]
    Http1,
    /// HTTP/2.
    #[serde(rename = "2")]
    Http2,
}

/// An upstream as it is written: its URL, perhaps with a weight.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged, expecting = "a URL, or a table as in `{ url = \"http://10.0.0.2:3000\", weight = 2 }`")]
pub enum UpstreamEntry {
    /// Its URL.
    Url(String),
    /// Its URL with a weight.
    Weighted(WeightedUpstream),
}

/// An upstream that gets more or less than the others.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedUpstream {
    /// Its URL.
    pub url: String,
    /// Its share of the load, beside those of the others.
    pub weight: u32,
}

impl UpstreamEntry {
    /// The server that it means.
    pub(super) fn read(&self) -> Result<Upstream, String> {
        const WEIGHTS: std::ops::RangeInclusive<u32> = 1..=1000;
        match self {
            UpstreamEntry::Url(url) => url.parse(),
            UpstreamEntry::Weighted(WeightedUpstream { weight, .. }) if !WEIGHTS.contains(weight) => {
                Err(format!("a weight is between 1 and 1000, not {weight}"))
            }
            UpstreamEntry::Weighted(WeightedUpstream { url, weight }) => {
                Ok(Upstream { weight: *weight, ..url.parse()? })
            }
        }
    }
}

/// One server of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Where it is.
    pub endpoint: Endpoint,
    /// What is spoken to it.
    pub protocol: Protocol,
    /// Its share of the load, beside those of the others.
    pub weight: u32,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Over TCP.
    Tcp {
        /// Cleartext or TLS.
        tls: bool,
        /// Host and port.
        authority: Authority,
        /// Port, with the scheme's default filled in.
        port: u16,
    },
    /// Over a Unix socket.
    Unix(PathBuf),
}

impl Upstream {
    /// The host and port that it has for HTTP.
    pub fn authority(&self) -> &str {
        match &self.endpoint {
            Endpoint::Tcp { authority, .. } => authority.as_str(),
            Endpoint::Unix(_) => "localhost",
        }
    }

    /// Whether it is spoken to over TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self.endpoint, Endpoint::Tcp { tls: true, .. })
    }

    /// Whether it is spoken to in HTTP/2 and in nothing else.
    pub fn speaks_http2(&self) -> bool {
        self.protocol == Protocol::Http2
    }

    /// The same server, with a protocol that the policy prescribes.
    ///
    /// # Errors
    /// If the URL says otherwise.
    pub(crate) fn speaking(self, protocol: Protocol) -> Result<Self, String> {
        match (protocol, self.protocol) {
            (Protocol::Auto, _) => Ok(self),
            (Protocol::Http1, Protocol::Http2) => Err(format!("`{self}` says HTTP/2")),
            (protocol, _) => Ok(Upstream { protocol, ..self }),
        }
    }
}

impl std::str::FromStr for Upstream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') {
                Ok(Upstream { endpoint: Endpoint::Unix(path.into()), protocol: Protocol::Auto, weight: 1 })
            } else {
                Err(format!("`{text}` does not name an absolute path; write `unix:/run/api.sock`"))
            };
        }
        let bad = || {
            format!(
                "`{text}` is not an upstream; write `http://127.0.0.1:3000`, `https://host`, `h2c://host:port` or `unix:/path`"
            )
        };
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let authority = uri.authority().ok_or_else(bad)?.clone();
        if authority.as_str().contains('@') || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(format!(
                "`{text}` has more than scheme, host and port; paths are passed on as they are"
            ));
        }
        let (tls, protocol, default) = match uri.scheme_str() {
            Some("http") => (false, Protocol::Auto, 80),
            Some("h2c") => (false, Protocol::Http2, 80),
            Some("https") => (true, Protocol::Auto, 443),
            _ => return Err(bad()),
        };
        let port = authority.port_u16().unwrap_or(default);
        Ok(Upstream { endpoint: Endpoint::Tcp { tls, authority, port }, protocol, weight: 1 })
    }
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.endpoint {
            Endpoint::Tcp { tls, authority, .. } => {
                let scheme = match (tls, self.protocol) {
                    (true, _) => "https",
                    (false, Protocol::Http2) => "h2c",
                    (false, _) => "http",
                };
                write!(f, "{scheme}://{authority}")
            }
            Endpoint::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

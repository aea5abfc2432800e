//! `[gateway]`, `[admin]`, `[log]`: sockets, upstreams, timeouts, and the destinations of log lines.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::reader::Reader;
use crate::settings::settings;
use crate::units::Period;

settings! {
    /// `[gateway]`: sockets and upstreams.
    pub struct GatewayConfig {
        /// Addresses to listen on.
        pub listen: Vec<SocketAddr> = vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
        /// The API: `http://`, `https://`, `h2c://` (HTTP/2 by prior knowledge) or `unix:/path`; several share the load.
        pub upstream: Vec<String> = Vec::new(),
        /// The OpenAPI document of the API, YAML or JSON.
        pub openapi: Option<PathBuf> = None,
        /// Overlays (OpenAPI Overlay 1.0) that change the document, in order.
        pub overlay: Vec<PathBuf> = Vec::new(),
        /// Local copies of what the document refers to by URL: the beginning of the URL, and a directory.
        pub references: BTreeMap<String, PathBuf> = BTreeMap::new(),
        /// Proxies in front, whose forwarding header is trusted.
        pub trusted_proxies: Vec<IpNet> = Vec::new(),
        /// The header in which they write the client's address, `x-forwarded-for` or `forwarded`; they pass the other one
        /// on as the client wrote it.
        pub client_address_from: ClientAddressFrom = ClientAddressFrom::XForwardedFor,
        /// PROXY protocol (v1 or v2) on the listener: `off`, or `required` from `trusted_proxies`.
        pub proxy_protocol: ProxyProtocol = ProxyProtocol::Off,
        /// Worker threads; as many as cores when not set.
        pub workers: Option<usize> = None,
        /// Protocols that a client may upgrade to. `h2c` cannot be one.
        pub upgrades: Vec<String> = vec!["websocket".into()],
        /// The hosts that the API answers for, without ports; `*.example.org` covers one label. A request for another one
        /// gets 421. All when empty.
        pub hosts: Vec<String> = Vec::new(),
        /// Whether the upstream gets the client's Host (`true`) or its own.
        pub preserve_host: bool = true,
        /// Concurrent connections of one worker; more wait in the kernel's queue.
        pub max_connections: usize = 16_384,
        /// How long connections may finish after SIGTERM.
        pub drain: Period = Period(Duration::from_secs(30)),
        /// TLS on the listener.
        pub tls: Option<TlsConfig> = None,
        /// Timeouts.
        pub timeouts: TimeoutConfig = TimeoutConfig::default(),
        /// Health of upstreams.
        pub health: HealthConfig = HealthConfig::default(),
    }
}

/// The header in which trusted proxies write the client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAddressFrom {
    /// `X-Forwarded-For`, which nginx, HAProxy, Envoy and the load balancers of clouds write.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Whether connections begin with a PROXY protocol header (v1 or v2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyProtocol {
    /// They do not.
    Off,
    /// They must; a connection without is closed. Only from `trusted_proxies`.
    Required,
}

settings! {
    /// `[gateway.tls]`: TLS on the listener.
    pub item struct TlsConfig {
        /// Certificate chain, PEM.
        pub certificate: PathBuf,
        /// Private key, PEM.
        pub key: PathBuf,
    }
}

settings! {
    /// `[gateway.timeouts]`: timeouts.
    pub struct TimeoutConfig {
        /// To connect to an upstream, TLS included.
        pub connect: Period = Period(Duration::from_secs(5)),
        /// For a client to send a request head, and to finish a TLS handshake.
        pub head: Period = Period(Duration::from_secs(10)),
        /// For a client to send a body that is held back.
        pub body: Period = Period(Duration::from_secs(30)),
        /// For an upstream to answer with a head.
        pub upstream: Period = Period(Duration::from_secs(60)),
        /// Between two pieces of a streamed body, either way, and of an idle tunnel.
        pub idle: Period = Period(Duration::from_secs(300)),
        /// For a whole exchange that is not streamed: body in, and head out.
        pub total: Period = Period(Duration::from_secs(120)),
    }
}

settings! {
    /// `[gateway.health]`: health of upstreams.
    pub struct HealthConfig {
        /// Path to ask for; any status below 500 is healthy. No active checks when not set.
        pub path: Option<String> = None,
        /// Between two active checks.
        pub interval: Period = Period(Duration::from_secs(5)),
        /// Failures in a row (connect errors, timeouts, failed checks) after which an upstream is ejected.
        #[formerly("failures")]
        pub consecutive_failures: u32 = 3,
        /// How long it is ejected before it is tried again.
        #[formerly("rest")]
        pub ejection_time: Period = Period(Duration::from_secs(10)),
    }
}

settings! {
    /// `[admin]`: the listener for metrics and health.
    pub struct AdminConfig {
        /// Where `/metrics` and `/healthz` are served.
        pub listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9901)),
        /// Whether there is an admin listener.
        pub enabled: bool = true,
    }
}

settings! {
    /// `[log]`: events and the access log.
    pub struct LogConfig {
        /// A file for events and the access log; standard output when not set.
        pub file: Option<PathBuf> = None,
        /// `on`: a line for every request; `off`: events only.
        pub access: AccessLog = AccessLog::On,
    }
}

/// Whether every request gets a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessLog {
    /// One line per request.
    On,
    /// Events only.
    Off,
}

/// Sockets, upstreams, timeouts.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// The API.
    pub upstreams: Vec<Upstream>,
    /// Proxies with trusted forwarding headers.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they write the client's address.
    pub client_address_from: ClientAddressFrom,
    /// PROXY protocol on the listener.
    pub proxy_protocol: ProxyProtocol,
    /// Worker threads.
    pub workers: Option<usize>,
    /// Protocols that a client may upgrade to, lower case.
    pub upgrades: Vec<String>,
    /// Whether the upstream gets the client's Host.
    pub preserve_host: bool,
    /// The hosts that the API answers for; all when empty.
    pub hosts: Vec<String>,
    /// Concurrent connections of one worker.
    pub max_connections: usize,
    /// How long connections may finish.
    pub drain: Duration,
    /// Certificate and key files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Timeouts.
    pub timeouts: TimeoutConfig,
    /// Health of upstreams.
    pub health: HealthConfig,
}

/// One address of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// Over TCP.
    Tcp {
        /// Cleartext or TLS.
        tls: bool,
        /// HTTP/2 by prior knowledge on cleartext; on TLS, ALPN decides.
        http2: bool,
        /// Host and port.
        authority: http::uri::Authority,
        /// Port, with the scheme's default filled in.
        port: u16,
    },
    /// Over a Unix socket, HTTP/1.1.
    Unix(PathBuf),
}

impl std::str::FromStr for Upstream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') {
                Ok(Upstream::Unix(path.into()))
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
        let (tls, http2, default) = match uri.scheme_str() {
            Some("http") => (false, false, 80),
            Some("h2c") => (false, true, 80),
            Some("https") => (true, false, 443),
            _ => return Err(bad()),
        };
        let port = authority.port_u16().unwrap_or(default);
        Ok(Upstream::Tcp { tls, http2, authority, port })
    }
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Upstream::Tcp { tls, http2, authority, .. } => {
                let scheme = match (tls, http2) {
                    (true, _) => "https",
                    (false, true) => "h2c",
                    (false, false) => "http",
                };
                write!(f, "{scheme}://{authority}")
            }
            Upstream::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Destinations of log lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// A file; standard output when not set.
    pub file: Option<PathBuf>,
    /// Whether every request gets a line.
    pub access: AccessLog,
}

impl LogConfig {
    pub(crate) fn compile(&self, reader: &Reader) -> Log {
        Log { file: self.file.as_ref().map(|file| reader.path(file)), access: self.access }
    }
}

impl GatewayConfig {
    pub(crate) fn compile(&self, reader: &mut Reader) -> Gateway {
        let mut upstreams = Vec::new();
        for (i, text) in self.upstream.iter().enumerate() {
            match text.parse::<Upstream>() {
                Ok(upstream) => upstreams.push(upstream),
                Err(message) => reader.wrong(&["gateway", "upstream", &i.to_string()], message, ""),
            }
        }
        if self.listen.is_empty() {
            reader.wrong(
                &["gateway", "listen"],
                "there is no address to listen on",
                "write `listen = [\"0.0.0.0:8080\"]`",
            );
        }
        for (i, upgrade) in self.upgrades.iter().enumerate() {
            if upgrade.to_ascii_lowercase().starts_with("h2c") {
                reader.wrong(
                    &["gateway", "upgrades", &i.to_string()],
                    "an upgrade to h2c is a tunnel past every door",
                    "remove it; HTTP/2 needs no upgrade here",
                );
            }
        }
        if matches!(self.proxy_protocol, ProxyProtocol::Required) && self.trusted_proxies.is_empty() {
            reader.wrong(
                &["gateway", "proxy_protocol"],
                "anybody could claim any address",
                "name the proxies in `trusted_proxies`",
            );
        }
        let tls = self.tls.as_ref().map(|t| (reader.path(&t.certificate), reader.path(&t.key)));
        if let Some((certificate, key)) = &tls {
            for (file, field) in [(certificate, "certificate"), (key, "key")] {
                if let Err(e) = std::fs::metadata(file) {
                    reader.wrong(
                        &["gateway", "tls", field],
                        format!("{} cannot be read: {e}", file.display()),
                        "",
                    );
                }
            }
            reader.private(key, &["gateway", "tls", "key"]);
        }
        Gateway {
            listen: self.listen.clone(),
            upstreams,
            trusted_proxies: self.trusted_proxies.clone(),
            client_address_from: self.client_address_from,
            proxy_protocol: self.proxy_protocol,
            workers: self.workers.filter(|n| *n > 0),
            upgrades: self.upgrades.iter().map(|u| u.to_ascii_lowercase()).collect(),
            preserve_host: self.preserve_host,
            hosts: self.hosts.clone(),
            max_connections: self.max_connections.max(1),
            drain: self.drain.0,
            tls,
            timeouts: self.timeouts.clone(),
            health: self.health.clone(),
        }
    }
}

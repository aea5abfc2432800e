//! `[gateway]`, `[admin]`, `[log]`: sockets, upstreams, time-outs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use crate::units::Period;

/// `[gateway]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewayConfig {
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// The API: `http://`, `https://`, `h2c://` (HTTP/2 by prior knowledge) or `unix:/path`; several share the load.
    pub upstream: Vec<String>,
    /// The OpenAPI document of the API, YAML or JSON.
    pub openapi: Option<PathBuf>,
    /// Overlays (OpenAPI Overlay 1.0) that change the document, in order.
    pub overlay: Vec<PathBuf>,
    /// Where copies lie of what the document refers to by URL: the beginning of the URL, and a directory.
    pub references: BTreeMap<String, PathBuf>,
    /// Proxies in front, whose `Forwarded` and `X-Forwarded-For` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they write the client's address.
    pub client_address_from: ClientAddressFrom,
    /// PROXY protocol on the listener.
    pub proxy_protocol: ProxyProtocol,
    /// Worker threads; as many as cores when not set.
    pub workers: Option<usize>,
    /// Protocols that a client may upgrade to. `h2c` cannot be one.
    pub upgrades: Vec<String>,
    /// Whether the upstream gets the client's Host (`true`) or its own.
    pub preserve_host: bool,
    /// Concurrent connections of one worker; more wait in the kernel's queue.
    pub max_connections: usize,
    /// How long connections may finish after SIGTERM.
    pub drain: Period,
    /// TLS on the listener.
    pub tls: Option<TlsConfig>,
    /// Time-outs.
    pub timeouts: TimeoutConfig,
    /// Health of upstreams.
    pub health: HealthConfig,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        GatewayConfig {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
            upstream: Vec::new(),
            openapi: None,
            overlay: Vec::new(),
            references: BTreeMap::new(),
            trusted_proxies: Vec::new(),
            client_address_from: ClientAddressFrom::default(),
            proxy_protocol: ProxyProtocol::Off,
            workers: None,
            upgrades: vec!["websocket".into()],
            preserve_host: true,
            max_connections: 16_384,
            drain: Period(Duration::from_secs(30)),
            tls: None,
            timeouts: TimeoutConfig::default(),
            health: HealthConfig::default(),
        }
    }
}

/// The header in which trusted proxies write the client's address. They pass the other one on as the client wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAddressFrom {
    /// `X-Forwarded-For`, which nginx, HAProxy, Envoy and the load balancers of clouds write.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Whether connections begin with a PROXY protocol header (v1 or v2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyProtocol {
    /// They do not.
    Off,
    /// They must; a connection without is closed. Only from `trusted_proxies`.
    Required,
}

/// `[gateway.tls]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificate chain, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

/// `[gateway.timeouts]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeoutConfig {
    /// To connect to an upstream, TLS included.
    pub connect: Period,
    /// For a client to send a request head, and to finish a TLS handshake.
    pub head: Period,
    /// For a client to send a body that is held back.
    pub body: Period,
    /// For an upstream to answer with a head.
    pub upstream: Period,
    /// Between two pieces of a streamed body, either way, and of an idle tunnel.
    pub idle: Period,
    /// For a whole exchange that is not streamed: body in, and head out.
    pub total: Period,
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        let seconds = |n| Period(Duration::from_secs(n));
        TimeoutConfig {
            connect: seconds(5),
            head: seconds(10),
            body: seconds(30),
            upstream: seconds(60),
            idle: seconds(300),
            total: seconds(120),
        }
    }
}

/// `[gateway.health]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthConfig {
    /// Path to ask for; any status below 500 is healthy. No active checks without it.
    pub path: Option<String>,
    /// Between two active checks.
    pub interval: Period,
    /// Failures in a row (connect errors, time-outs, failed checks) after which an upstream rests.
    pub failures: u32,
    /// How long it rests before it is tried again.
    pub rest: Period,
}

impl Default for HealthConfig {
    fn default() -> Self {
        HealthConfig {
            path: None,
            interval: Period(Duration::from_secs(5)),
            failures: 3,
            rest: Period(Duration::from_secs(10)),
        }
    }
}

/// `[admin]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdminConfig {
    /// Where `/metrics` and `/healthz` are served; nowhere when `enabled = false`.
    pub listen: SocketAddr,
    /// Whether there is an admin listener.
    pub enabled: bool,
}

impl Default for AdminConfig {
    fn default() -> Self {
        AdminConfig { listen: SocketAddr::from(([127, 0, 0, 1], 9901)), enabled: true }
    }
}

/// `[log]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// A file for events and the access log; standard output when not set.
    pub file: Option<PathBuf>,
    /// Whether every request gets a line.
    pub access: AccessLog,
}

/// Whether every request gets a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessLog {
    /// One line per request.
    #[default]
    On,
    /// Events only.
    Off,
}

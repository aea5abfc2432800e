//! `[gateway]`: sockets, upstreams, timeouts.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::host::host;
use crate::reader::Reader;
use crate::settings::settings;
use crate::units::{ByteSize, Period};

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
        /// Whether other gateways may listen on the same addresses and share their connections. Without it, a second
        /// gateway on an address does not start.
        pub share_port: bool = false,
        /// Bytes that all exchanges hold together at one time: request bodies that wait for a verdict, and answers that
        /// were read before they leave. A request beyond gets 503. When not set: 256 MiB, or four times
        /// `max_held_per_client` if that is more.
        pub max_held: Option<ByteSize> = None,
        /// The same for one client address, or one IPv6 /64. When not set: 64 MiB, or four of the largest body that is held
        /// if that is more.
        pub max_held_per_client: Option<ByteSize> = None,
        /// Bytes per second that a client has to send of a streamed body; slowness is forgiven for `timeouts.body`. A
        /// stream over HTTP/2 without a length, as of gRPC, may pause for `timeouts.idle` instead. No limit when 0.
        pub min_upload_rate: ByteSize = ByteSize(240),
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
        /// For a client to read a piece of what is ready for it. One that reads nothing for so long is disconnected.
        pub write: Period = Period(Duration::from_secs(60)),
        /// For a client to send the next request on a connection that serves none; pings do not count.
        pub keep_alive: Period = Period(Duration::from_secs(75)),
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
    /// Whether other gateways may listen on the same addresses.
    pub share_port: bool,
    /// Bytes that exchanges may hold.
    pub held: HeldLimits,
    /// Bytes per second that a client has to send of a streamed body; no limit when 0.
    pub min_upload_rate: u64,
    /// How long connections may finish.
    pub drain: Duration,
    /// Certificate and key files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Timeouts.
    pub timeouts: TimeoutConfig,
    /// Health of upstreams.
    pub health: HealthConfig,
}

/// Bytes that exchanges may hold at one time: bodies that wait for a verdict, and answers that wait for their client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLimits {
    /// All of them together.
    pub total: ByteSize,
    /// Those of one client address.
    pub per_client: ByteSize,
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

impl GatewayConfig {
    /// `largest` is the largest body that is held.
    pub(crate) fn compile(&self, largest: ByteSize, reader: &mut Reader) -> Gateway {
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
        let mut hosts = Vec::new();
        for (i, text) in self.hosts.iter().enumerate() {
            match host(text) {
                Ok(host) => hosts.push(host),
                Err((message, help)) => reader.wrong(&["gateway", "hosts", &i.to_string()], message, help),
            }
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
            hosts,
            max_connections: self.max_connections.max(1),
            share_port: self.share_port,
            held: self.held(largest, reader),
            min_upload_rate: self.min_upload_rate.0,
            drain: self.drain.0,
            tls,
            timeouts: self.timeouts.clone(),
            health: self.health.clone(),
        }
    }
}

impl GatewayConfig {
    /// A limit below one body that may be held would refuse that body always.
    fn held(&self, largest: ByteSize, reader: &mut Reader) -> HeldLimits {
        let fourfold = |size: ByteSize| ByteSize(size.0.saturating_mul(4));
        let per_client = self.max_held_per_client.unwrap_or(ByteSize::mib(64).max(fourfold(largest)));
        let total = self.max_held.unwrap_or(ByteSize::mib(256).max(fourfold(per_client)));
        for (name, limit) in [("max_held_per_client", self.max_held_per_client), ("max_held", self.max_held)]
        {
            if limit.is_some_and(|limit| limit < largest) {
                let message = format!("a body or an answer of up to {largest} is held, which is more");
                let help = format!(
                    "write at least `{name} = \"{largest}\"`, or lower `max_held_body` and `max_decoded_body`"
                );
                reader.wrong(&["gateway", name], message, help);
            }
        }
        HeldLimits { total, per_client: per_client.min(total) }
    }
}

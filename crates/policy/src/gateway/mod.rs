//! `[gateway]`: sockets, upstreams, timeouts.

mod balancing;
mod group;
mod health;
mod timeouts;
mod upstream;
mod upstream_tls;

pub use balancing::{Balancing, BalancingConfig, BalancingMethod, Choice};
pub(crate) use group::further;
pub use group::{FIRST_GROUP, UpstreamConfig, UpstreamGroup};
pub use health::{HealthConfig, StatusRange};
pub use timeouts::TimeoutConfig;
pub use upstream::{Endpoint, Protocol, Upstream, UpstreamEntry, WeightedUpstream};
pub use upstream_tls::{UpstreamTls, UpstreamTlsConfig};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

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
        /// One with a weight is a table: `{ url = "http://10.0.0.2:3000", weight = 2 }`.
        pub upstream: Vec<UpstreamEntry> = Vec::new(),
        /// What is spoken to them. `auto`: what the URL says, and over TLS what the server chooses; a WebSocket gets a
        /// connection with HTTP/1.1. `1.1` and `2` prescribe it.
        pub upstream_protocol: Protocol = Protocol::Auto,
        /// The time between two look-ups of their names. Connections to addresses that are gone are not used again.
        pub look_up_every: Period = Period(Duration::from_secs(30)),
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
        /// The headers of trusted proxies that the upstream gets as they are: `x-forwarded-host`, `x-forwarded-port`,
        /// `x-forwarded-prefix`. Name only what the proxies write themselves; they pass others on as the client wrote them.
        pub keep_forwarded: Vec<ForwardedHeader> = Vec::new(),
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
        /// Whether a `Location` of the upstream becomes one that the client can follow: one with the upstream's own host gets
        /// the host that the client asked for, and what a route strips (`strip_prefix`) is put before its path.
        pub rewrite_location: bool = false,
        /// Whether what a route strips is put before the `Path` of the upstream's cookies.
        pub rewrite_cookie_path: bool = false,
        /// Header fields of an answer.
        pub max_response_headers: usize = 200,
        /// Bytes of the head of an answer.
        pub max_response_head: ByteSize = ByteSize::kib(256),
        /// Concurrent connections of one worker; more wait in the kernel's queue.
        pub max_connections: usize = 16_384,
        /// Connections of one client address, or one IPv6 /64, on all workers; more are closed. No limit when 0, and none for
        /// `trusted_proxies`.
        pub max_connections_per_client: u32 = 1000,
        /// TLS handshakes that one client may begin in a second; more connections are closed. No limit when 0, and none for
        /// `trusted_proxies`.
        pub max_handshakes_per_client: u32 = 500,
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
        /// TLS to upstreams.
        pub upstream_tls: UpstreamTlsConfig = UpstreamTlsConfig::default(),
        /// Timeouts.
        pub timeouts: TimeoutConfig = TimeoutConfig::default(),
        /// Which upstream a request goes to.
        pub load_balancing: BalancingConfig = BalancingConfig::default(),
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

/// A header in which a proxy says what its client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// The host.
    XForwardedHost,
    /// The port.
    XForwardedPort,
    /// The beginning of the path, which the proxy has taken away.
    XForwardedPrefix,
}

impl ForwardedHeader {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            ForwardedHeader::XForwardedHost => "x-forwarded-host",
            ForwardedHeader::XForwardedPort => "x-forwarded-port",
            ForwardedHeader::XForwardedPrefix => "x-forwarded-prefix",
        }
    }
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
        /// Certificates of the authorities whose client certificates are believed (mutual TLS), PEM. Who shows one is its
        /// subject.
        pub client_ca: Option<PathBuf>,
        /// Lists of client certificates that were revoked (CRL), PEM.
        #[serde(default)]
        pub client_crl: Vec<PathBuf>,
        /// Whether every client has to show one: `optional` (the default; routes ask for a credential as ever), or `required`.
        pub client_certificate: Option<ClientCertificate>,
        /// Which name in the certificate is the subject: `uri`, `dns`, `email` or `common-name`; the first of these that is
        /// there when not set.
        pub client_subject: Option<ClientSubject>,
    }
}

/// Whether clients have to show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificate {
    /// They may.
    Optional,
    /// They must.
    Required,
}

/// A name in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientSubject {
    /// A URI among its alternative names, as SPIFFE has it.
    Uri,
    /// A DNS name among them.
    Dns,
    /// An e-mail address among them.
    Email,
    /// The common name.
    CommonName,
}

/// TLS on the listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificate chain, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
    /// Whose client certificates are believed.
    pub clients: Option<ClientCertificates>,
}

impl Tls {
    /// All files that it reads.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let clients =
            self.clients.iter().flat_map(|clients| std::iter::once(&clients.ca).chain(&clients.crls));
        [&self.certificate, &self.key].into_iter().chain(clients)
    }
}

/// Client certificates that are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificates {
    /// Authorities, PEM.
    pub ca: PathBuf,
    /// Lists of revoked ones, PEM.
    pub crls: Vec<PathBuf>,
    /// Whether every client has to show one.
    pub is_required: bool,
    /// Which name is the subject.
    pub subject: Option<ClientSubject>,
}

impl TlsConfig {
    fn compile(&self, reader: &mut Reader) -> Tls {
        let clients = self.client_ca.as_ref().map(|ca| ClientCertificates {
            ca: reader.path(ca),
            crls: self.client_crl.iter().map(|file| reader.path(file)).collect(),
            is_required: self.client_certificate == Some(ClientCertificate::Required),
            subject: self.client_subject,
        });
        let needs_authority = [
            ("client_certificate", self.client_certificate.is_some()),
            ("client_crl", !self.client_crl.is_empty()),
            ("client_subject", self.client_subject.is_some()),
        ];
        for (field, _) in needs_authority.into_iter().filter(|(_, is_set)| *is_set && clients.is_none()) {
            let message = "nobody says whose client certificates are believed";
            reader.wrong(
                &["gateway", "tls", field],
                message,
                "name the authorities: `client_ca = \"clients.pem\"`",
            );
        }
        Tls { certificate: reader.path(&self.certificate), key: reader.path(&self.key), clients }
    }
}

/// Sockets, upstreams, timeouts.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// The APIs: the first is that of `[gateway] upstream`, which may have no servers.
    pub groups: Vec<UpstreamGroup>,
    /// The time between two look-ups of their names.
    pub look_up_every: Duration,
    /// Proxies with trusted forwarding headers.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they write the client's address.
    pub client_address_from: ClientAddressFrom,
    /// The headers of trusted proxies that the upstream gets.
    pub keep_forwarded: Vec<ForwardedHeader>,
    /// PROXY protocol on the listener.
    pub proxy_protocol: ProxyProtocol,
    /// Worker threads.
    pub workers: Option<usize>,
    /// Protocols that a client may upgrade to, lower case.
    pub upgrades: Vec<String>,
    /// Whether a `Location` of an upstream becomes one that the client can follow.
    pub rewrite_location: bool,
    /// Whether the paths of an upstream's cookies become those that the client asks for.
    pub rewrite_cookie_path: bool,
    /// The hosts that the API answers for; all when empty.
    pub hosts: Vec<String>,
    /// Header fields of an answer.
    pub max_response_headers: usize,
    /// Bytes of the head of an answer.
    pub max_response_head: usize,
    /// Concurrent connections of one worker.
    pub max_connections: usize,
    /// Of one client, on all workers; 0 for any number.
    pub max_connections_per_client: u32,
    /// TLS handshakes that one client may begin in a second; 0 for any number.
    pub max_handshakes_per_client: u32,
    /// Whether other gateways may listen on the same addresses.
    pub share_port: bool,
    /// Bytes that exchanges may hold.
    pub held: HeldLimits,
    /// Bytes per second that a client has to send of a streamed body; no limit when 0.
    pub min_upload_rate: u64,
    /// How long connections may finish.
    pub drain: Duration,
    /// TLS on the listener.
    pub tls: Option<Tls>,
    /// Timeouts.
    pub timeouts: TimeoutConfig,
}

/// Bytes that exchanges may hold at one time: bodies that wait for a verdict, and answers that wait for their client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLimits {
    /// All of them together.
    pub total: ByteSize,
    /// Those of one client address.
    pub per_client: ByteSize,
}

impl GatewayConfig {
    /// `largest` is the largest body that is held.
    pub(crate) fn compile(
        &self,
        others: &[UpstreamConfig],
        largest: ByteSize,
        reader: &mut Reader,
    ) -> Gateway {
        let upstreams = group::upstreams(
            &self.upstream,
            self.upstream_protocol,
            &["gateway", "upstream"],
            "upstream_protocol",
            reader,
        );
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
        let tls = self.tls.as_ref().map(|tls| tls.compile(reader));
        if let Some(Tls { certificate, key, clients }) = &tls {
            let authorities = clients.iter().map(|clients| (&clients.ca, "client_ca"));
            let lists =
                clients.iter().flat_map(|clients| clients.crls.iter().map(|file| (file, "client_crl")));
            let own = [(certificate, "certificate"), (key, "key")];
            for (file, field) in own.into_iter().chain(authorities).chain(lists) {
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
        let is_tls = upstreams.iter().any(Upstream::is_tls);
        let first = UpstreamGroup {
            name: FIRST_GROUP.into(),
            upstreams,
            preserve_host: self.preserve_host,
            tls: self.upstream_tls.compile(is_tls, &["gateway", "upstream_tls"], reader),
            balancing: self.load_balancing.compile(&["gateway", "load_balancing"], reader),
            health: self.health.clone(),
        };
        let further = further(others, &first, reader);
        Gateway {
            groups: std::iter::once(first).chain(further).collect(),
            listen: self.listen.clone(),
            look_up_every: self.look_up_every.0,
            trusted_proxies: self.trusted_proxies.clone(),
            client_address_from: self.client_address_from,
            keep_forwarded: self.keep_forwarded.clone(),
            proxy_protocol: self.proxy_protocol,
            workers: self.workers.filter(|n| *n > 0),
            upgrades: self.upgrades.iter().map(|u| u.to_ascii_lowercase()).collect(),
            rewrite_location: self.rewrite_location,
            rewrite_cookie_path: self.rewrite_cookie_path,
            hosts,
            max_response_headers: self.max_response_headers.max(1),
            max_response_head: self.max_response_head.as_usize().max(8 * 1024),
            max_connections: self.max_connections.max(1),
            max_connections_per_client: self.max_connections_per_client,
            max_handshakes_per_client: self.max_handshakes_per_client,
            share_port: self.share_port,
            held: self.held(largest, reader),
            min_upload_rate: self.min_upload_rate.0,
            drain: self.drain.0,
            tls,
            timeouts: self.timeouts.clone(),
        }
    }
}

impl Gateway {
    /// Every server of every group.
    pub fn upstreams(&self) -> impl Iterator<Item = &Upstream> {
        self.groups.iter().flat_map(|group| &group.upstreams)
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

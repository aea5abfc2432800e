//! Upstreams in groups: the servers of one API. `[gateway] upstream` is the first group, each `[[upstream]]` a further one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::balancing::{Balancing, BalancingConfig};
use super::health::HealthConfig;
use super::upstream::{Protocol, Upstream, UpstreamEntry};
use super::upstream_tls::{UpstreamTls, UpstreamTlsConfig};
use crate::doors::ACCOUNTS_GROUP;
use crate::reader::Reader;
use crate::settings::settings;

/// What routes call the group of `[gateway] upstream`.
pub const FIRST_GROUP: &str = "gateway";

settings! {
    /// `[[upstream]]`: a further API. Routes lead to it with `upstream`.
    pub item struct UpstreamConfig {
        /// What routes call it.
        pub name: String,
        /// Its servers, written as in `[gateway] upstream`.
        pub urls: Vec<UpstreamEntry>,
        /// What is spoken to them, as `[gateway] upstream_protocol`.
        #[serde(default = "automatic")]
        pub protocol: Protocol,
        /// Its OpenAPI document. The paths in it are those that clients ask for: `servers` of the document, or of an overlay,
        /// name what stands before them.
        #[serde(default)]
        pub openapi: Option<PathBuf>,
        /// Overlays that change the document, in order.
        #[serde(default)]
        pub overlay: Vec<PathBuf>,
        /// Local copies of what the document refers to by URL, as `[gateway] references`.
        #[serde(default)]
        pub references: BTreeMap<String, PathBuf>,
        /// Whether it gets the client's Host; as `[gateway] preserve_host` says when not set.
        #[serde(default)]
        pub preserve_host: Option<bool>,
        /// TLS to it, with the settings of `[gateway.upstream_tls]`. Nothing of that table holds here.
        #[serde(default)]
        pub tls: Option<UpstreamTlsConfig>,
        /// Which of its servers a request goes to; as `[gateway.load_balancing]` says when not set.
        #[serde(default)]
        pub load_balancing: Option<BalancingConfig>,
        /// Health of its servers; as `[gateway.health]` says when not set.
        #[serde(default)]
        pub health: Option<HealthConfig>,
    }
}

const fn automatic() -> Protocol {
    Protocol::Auto
}

/// The servers of one API.
#[derive(Debug, Clone)]
pub struct UpstreamGroup {
    /// What routes call it.
    pub name: Arc<str>,
    /// The servers.
    pub upstreams: Vec<Upstream>,
    /// Whether they get the client's Host.
    pub preserve_host: bool,
    /// TLS to them.
    pub tls: UpstreamTls,
    /// Which of them a request goes to.
    pub balancing: Balancing,
    /// Their health.
    pub health: HealthConfig,
}

/// The servers of a list. `at` is the place of the list, `protocol_at` the name of the setting for their protocol.
pub(super) fn upstreams(
    entries: &[UpstreamEntry],
    protocol: Protocol,
    at: &[&str],
    protocol_at: &str,
    reader: &mut Reader,
) -> Vec<Upstream> {
    let mut upstreams = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        let index = i.to_string();
        let place: Vec<&str> = at.iter().copied().chain([index.as_str()]).collect();
        match entry.read() {
            Ok(upstream) => match upstream.speaking(protocol) {
                Ok(upstream) => upstreams.push(upstream),
                Err(message) => {
                    reader.wrong(&place, message, format!("write `http://`, or remove `{protocol_at}`"));
                }
            },
            Err(message) => reader.wrong(&place, message, ""),
        }
    }
    upstreams
}

/// The groups of `[[upstream]]`, behind the first one.
pub(crate) fn further(
    configs: &[UpstreamConfig],
    first: &UpstreamGroup,
    reader: &mut Reader,
) -> Vec<UpstreamGroup> {
    let mut groups: Vec<UpstreamGroup> = Vec::new();
    for (i, config) in configs.iter().enumerate() {
        let index = i.to_string();
        let place = |field: &'static str| ["upstream", index.as_str(), field];
        let name = config.name.trim();
        if name.is_empty() || name == FIRST_GROUP {
            let message = match name {
                FIRST_GROUP => "`gateway` is the name of the upstreams of `[gateway]`",
                _ => "an upstream without a name cannot be led to",
            };
            reader.wrong(&place("name"), message, "write a name of its own, as in `name = \"orders\"`");
        } else if groups.iter().any(|known| &*known.name == name) {
            reader.wrong(
                &place("name"),
                format!("another upstream is called `{name}`"),
                "give each its own name",
            );
        }
        let upstreams = upstreams(&config.urls, config.protocol, &place("urls"), "protocol", reader);
        // The user service is served by the gateway itself.
        if config.urls.is_empty() && name != ACCOUNTS_GROUP {
            reader.wrong(&place("urls"), "there is no server", "write `urls = [\"http://127.0.0.1:3001\"]`");
        }
        let is_tls = upstreams.iter().any(Upstream::is_tls);
        let tls =
            config.tls.as_ref().map(|tls| tls.compile(is_tls, &place("tls"), reader)).unwrap_or_default();
        let balancing = config.load_balancing.as_ref().map(|b| b.compile(&place("load_balancing"), reader));
        groups.push(UpstreamGroup {
            name: name.into(),
            upstreams,
            preserve_host: config.preserve_host.unwrap_or(first.preserve_host),
            tls,
            balancing: balancing.unwrap_or_else(|| first.balancing.clone()),
            health: config.health.clone().unwrap_or_else(|| first.health.clone()),
        });
    }
    groups
}

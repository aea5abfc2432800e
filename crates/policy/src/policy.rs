//! A policy in force: every default filled in, every path resolved, nothing left to parse.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use http::{HeaderName, Method};
use openapi::{Document, Problem};

use crate::admin::AdminConfig;
use crate::doors::{
    ACCOUNTS_GROUP, Auth, Bots, CookiesConfig, Cors, Injection, Network, Ownership, ProtocolConfig, Rate,
    SchemaConfig, SecurityHeaders,
};
use crate::gateway::{Gateway, UpstreamGroup};
use crate::host::covers;
use crate::log::Log;
use crate::reader::PolicyFile;
use crate::route::{RoutePolicy, RouteTable};
use crate::rows::Row;

/// All that a gateway and its doors need to know, a part for each door.
#[derive(Debug)]
pub struct Policy {
    /// Sockets, upstreams, timeouts.
    pub gateway: Gateway,
    /// The admin listener.
    pub admin: AdminConfig,
    /// Destinations of log lines.
    pub log: Log,
    /// The OpenAPI document of each group of upstreams.
    pub(crate) documents: Vec<Option<Document>>,
    /// Sizes, depths and spellings.
    pub protocol: ProtocolConfig,
    /// The headers of `[protocol] proxy_only_headers`.
    pub proxy_only_headers: HashSet<HeaderName>,
    /// Client address rules.
    pub network: Network,
    /// Which programs ask.
    pub bots: Bots,
    /// Cross-origin requests.
    pub cors: Cors,
    /// Limits.
    pub rate: Rate,
    /// Trusted token issuers and API keys.
    pub auth: Auth,
    /// The document as the allowlist.
    pub schema: SchemaConfig,
    /// Code in inputs.
    pub injection: Injection,
    /// Whose object it is.
    pub ownership: Ownership,
    /// Headers of every response.
    pub headers: SecurityHeaders,
    /// Attributes of cookies.
    pub cookies: CookiesConfig,
    /// The files that it was made from: a change of one is a reason to load it again.
    pub files: Vec<PolicyFile>,
    /// Every setting as it holds, for `doorward check`.
    pub settings: Vec<Row>,
    /// What is told at each start: old spellings of settings, weak secrets, credentials that nobody verifies.
    pub notices: Vec<Problem>,
    /// The routes for hosts that no route names.
    pub(crate) routes: RouteTable,
    /// The routes for the hosts that routes name, those that name a host whole first.
    pub(crate) hosts: Vec<(String, RouteTable)>,
}

impl Policy {
    /// The routes for a host, which has no port. Without one, those that name no host.
    pub fn table(&self, host: Option<&str>) -> &RouteTable {
        let named = host.and_then(|host| self.hosts.iter().find(|(pattern, _)| covers(pattern, host)));
        named.map_or(&self.routes, |(_, table)| table)
    }

    /// Whether routes tell hosts apart.
    pub fn names_hosts(&self) -> bool {
        !self.hosts.is_empty()
    }

    /// Every table of routes: that for hosts which no route names, and those for the hosts that routes name.
    pub fn tables(&self) -> impl Iterator<Item = (Option<&str>, &RouteTable)> {
        let named = self.hosts.iter().map(|(host, table)| (Some(host.as_str()), table));
        std::iter::once((None, &self.routes)).chain(named)
    }

    /// The OpenAPI document of a group of upstreams.
    pub fn document(&self, group: usize) -> Option<&Document> {
        self.documents.get(group)?.as_ref()
    }

    /// Whether a group is the user service, which the gateway serves itself.
    pub fn is_accounts(&self, group: usize) -> bool {
        let is_it = |group: &UpstreamGroup| &*group.name == ACCOUNTS_GROUP;
        self.auth.service.is_some() && self.gateway.groups.get(group).is_some_and(is_it)
    }

    /// Every document, with the place of its group.
    pub fn documents(&self) -> impl Iterator<Item = (usize, &Document)> {
        self.documents.iter().enumerate().filter_map(|(group, document)| Some((group, document.as_ref()?)))
    }

    /// The route of an operation of a group's document; that of the first table of routes that leads there.
    pub fn route_of(&self, group: usize, method: &Method, path: &str) -> &Arc<RoutePolicy> {
        let leads_there = |table: &&RouteTable| table.destination(method, path).group == group;
        let table = self.tables().map(|(_, table)| table).find(leads_there);
        table.unwrap_or(&self.routes).route(method, path).0
    }

    /// The roles that the policy speaks of.
    pub fn roles(&self) -> BTreeSet<String> {
        let named = self.auth.permissions.roles().map(str::to_owned);
        let asked = self.routes().flat_map(|route| route.auth.roles.iter().cloned());
        named.chain(asked).collect()
    }

    /// The Cedar schema of this policy's document; `None` without a document.
    #[cfg(feature = "cedar")]
    pub fn cedar_schema(&self) -> Option<String> {
        let document = self.document(0)?;
        Some(authorization::Cedar::schema_of(document, &self.ownership.claims, &|method, path| {
            crate::route::visibility(document, self.routes.written(), method, path)
        }))
    }

    /// Every route that was written down, then the two that are always there. A route that holds for several hosts is there
    /// once.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<RoutePolicy>> {
        let named = self.hosts.iter().flat_map(|(host, table)| {
            let of_host = move |route: &&Arc<RoutePolicy>| route.hosts.first() == Some(host);
            table.iter().filter(of_host)
        });
        named.chain(self.routes.iter())
    }
}

//! A policy in force: every default filled in, every path resolved, nothing left to parse.

use std::collections::HashSet;
use std::sync::Arc;

use http::{HeaderName, Method};
use openapi::{Captures, Document, Problem};

use crate::admin::AdminConfig;
use crate::doors::{
    Auth, CookiesConfig, Cors, Injection, Network, Ownership, ProtocolConfig, Rate, SchemaConfig,
    SecurityHeaders,
};
use crate::gateway::Gateway;
use crate::log::Log;
use crate::reader::PolicyFile;
use crate::route::{Carries, RouteMatch, RouteMatches, RoutePolicy, RouteTable};
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
    /// The OpenAPI document.
    pub document: Option<Document>,
    /// Sizes, depths and spellings.
    pub protocol: ProtocolConfig,
    /// The headers of `[protocol] proxy_only_headers`.
    pub proxy_only_headers: HashSet<HeaderName>,
    /// Client address rules.
    pub network: Network,
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
    pub(crate) routes: RouteTable,
}

impl Policy {
    /// The policy of the route that a method and a normalized path belong to, and the values of its path parameters.
    pub fn route<'p>(&self, method: &Method, path: &'p str) -> (&Arc<RoutePolicy>, Captures<'_, 'p>) {
        let RouteMatch { route, captures } = self.readings(method, path, Carries::Nothing).first;
        (route, captures)
    }

    /// Every route that a request may be on to some server: case, empty segments, `;parameters`, and blanks and dots at
    /// the end of a segment make no difference to many. A request with a body may be a login.
    pub fn readings<'p>(&self, method: &Method, path: &'p str, carries: Carries) -> RouteMatches<'_, 'p> {
        let carries = if carries_body(method) { carries.max(Carries::Body) } else { carries };
        self.routes.find(method, path, carries)
    }

    /// The Cedar schema of this policy's document; `None` without a document.
    #[cfg(feature = "cedar")]
    pub fn cedar_schema(&self) -> Option<String> {
        let document = self.document.as_ref()?;
        Some(authorization::Cedar::schema_of(document, &self.ownership.claims, &|method, path| {
            crate::route::visibility(document, self.routes.written(), method, path)
        }))
    }

    /// Every route that was written down, then the two that are always there.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<RoutePolicy>> {
        self.routes.iter()
    }
}

/// Whether requests of a method have a body, as a rule.
fn carries_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

//! A policy in force: every default filled in, every path resolved, nothing left to parse.

use std::sync::Arc;

use http::Method;
use openapi::{Captures, Document, PathTemplate, Problem};

use crate::doors::{
    Auth, CookiesConfig, Cors, Injection, Network, Ownership, ProtocolConfig, Rate, SchemaConfig,
    SecurityHeaders,
};
use crate::gateway::{AdminConfig, Gateway, Log};
use crate::reader::PolicyFile;
use crate::route::{RoutePolicy, Routes, is_login};
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
    /// Old spellings of settings, which are accepted for one more release.
    pub notices: Vec<Problem>,
    pub(crate) routes: Routes,
    pub(crate) fallback: Arc<RoutePolicy>,
    pub(crate) login: Arc<RoutePolicy>,
}

impl Policy {
    /// The policy of the route that a method and a normalized path belong to, and the values of its path parameters.
    /// Case, empty segments and `;parameters` make no difference: a server may ignore them.
    pub fn route<'p>(&self, method: &Method, path: &'p str) -> (&Arc<RoutePolicy>, Captures<'_, 'p>) {
        if let Some((_, candidates, captures)) = self.routes.find(path)
            && let Some(route) = RoutePolicy::pick(candidates, method, path)
        {
            // Routes of one shape may name their parameters differently.
            let names = route.template.iter().flat_map(PathTemplate::parameters);
            return (route, names.zip(captures.into_iter().map(|(_, value)| value)).collect());
        }
        let login = is_login(method, path, &self.rate.login_paths);
        let route = if login { &self.login } else { &self.fallback };
        (route, Captures::new())
    }

    /// The Cedar schema of this policy's document; `None` without a document.
    #[cfg(feature = "cedar")]
    pub fn cedar_schema(&self) -> Option<String> {
        let document = self.document.as_ref()?;
        Some(authorization::Cedar::schema_of(document, &self.ownership.claims, &|method, path| {
            crate::route::visibility(document, &self.routes, method, path)
        }))
    }

    /// Every route that was written down, then the two that are always there.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<RoutePolicy>> {
        self.routes.iter().flat_map(|(_, list)| list).chain([&self.login, &self.fallback])
    }
}

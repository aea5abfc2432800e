//! What holds on one route.

use std::sync::Arc;

use http::Method;
use openapi::PathTemplate;

use super::destination::Destination;
use crate::doors::{
    AuthRoute, HeadersRoute, InjectionRoute, Modes, OwnershipRoute, ProtocolRoute, RateRoute, SchemaRoute,
};

/// What holds on one route.
#[derive(Debug, Clone)]
pub struct RoutePolicy {
    /// Its name in events and limits: the template, `login`, or `*`.
    pub name: Arc<str>,
    /// The template, for a route that was written down.
    pub template: Option<PathTemplate>,
    /// Hosts; all when empty.
    pub hosts: Vec<String>,
    /// Methods; all when empty.
    pub methods: Vec<Method>,
    /// Where its requests go, if it says so itself.
    pub destination: Option<Arc<Destination>>,
    /// Whether nobody may use it.
    pub deny: bool,
    /// Whether requests here log somebody in.
    pub is_login: bool,
    /// Whether the policy says that they do not, whatever the path is called.
    pub is_no_login: bool,
    /// What holds for the logins among its requests, where its template matches others too.
    pub(crate) logins: Option<Arc<RoutePolicy>>,
    /// Mode of each door.
    pub modes: Modes,
    /// Bodies.
    pub protocol: ProtocolRoute,
    /// Headers of responses.
    pub headers: HeadersRoute,
    /// Limits.
    pub rate: RateRoute,
    /// Callers.
    pub auth: AuthRoute,
    /// Fields and parameters.
    pub schema: SchemaRoute,
    /// Inputs.
    pub injection: InjectionRoute,
    /// Objects.
    pub ownership: OwnershipRoute,
}

impl RoutePolicy {
    /// Whether something in the body is compared or listed, so that it cannot be forwarded unread.
    pub fn reads_body(&self) -> bool {
        self.schema.fields.is_some()
            || self.ownership.reads_body()
            || self.rate.limits.iter().any(|limit| limit.needs_body())
    }

    /// What holds here, by column, for `doorward check`.
    pub fn rows(&self) -> [(&'static str, Vec<String>); 8] {
        let methods = match self.methods.is_empty() {
            true => vec!["all".into()],
            false => vec![self.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(" ")],
        };
        let hosts = self.hosts.iter().map(|host| format!("at {host}"));
        let way = self.destination.iter().flat_map(|destination| destination.rows().iter().cloned());
        let inputs = self.schema.rows().into_iter().chain(self.injection.rows()).collect();
        [
            ("methods", methods),
            ("goes", hosts.chain(way).collect()),
            (
                "body",
                match self.deny {
                    true => vec!["denied".into()],
                    false => self.protocol.rows().into_iter().chain(self.headers.rows()).collect(),
                },
            ),
            ("auth", self.auth.rows()),
            ("limits", self.rate.rows()),
            ("inputs", inputs),
            ("ownership", self.ownership.rows()),
            ("doors not enforced", self.modes.rows()),
        ]
    }

    /// The one of a path's routes that holds for a method: one that names it first.
    pub(crate) fn pick<'r>(
        mut candidates: impl Iterator<Item = &'r Arc<RoutePolicy>> + Clone,
        method: &Method,
    ) -> Option<&'r Arc<RoutePolicy>> {
        let exact = candidates.clone().find(|route| route.methods.contains(method));
        exact.or_else(|| candidates.find(|route| route.serves(method)))
    }

    /// Whether it holds for a method. What holds for GET holds for HEAD, which reveals as much of an object.
    fn serves(&self, method: &Method) -> bool {
        self.methods.is_empty() || (method == Method::HEAD && self.methods.contains(&Method::GET))
    }
}

//! What holds on one route: a part for each door that may differ by route.

mod config;
mod table;

use std::sync::Arc;

use authorization::{ObjectFrom, Visibility};
use http::Method;
use openapi::{Document, Found, PathTemplate, Spelling};

pub use config::{RouteConfig, ScopeConfig};
pub use table::{RouteMatch, RouteMatches};
pub(crate) use table::{RouteTable, Routes, written};

use crate::doors::{
    AuthRoute, BodyHandling, InjectionRoute, Modes, OwnershipRoute, ProtocolRoute, RateRoute, SchemaRoute,
};

/// What holds on one route.
#[derive(Debug, Clone)]
pub struct RoutePolicy {
    /// Its name in events and limits: the template, `login`, or `*`.
    pub name: Arc<str>,
    /// The template, for a route that was written down.
    pub template: Option<PathTemplate>,
    /// Methods; all when empty.
    pub methods: Vec<Method>,
    /// Whether nobody may use it.
    pub deny: bool,
    /// Whether requests here log somebody in.
    pub is_login: bool,
    /// What holds for the logins among its requests, where its template matches others too.
    pub(crate) logins: Option<Arc<RoutePolicy>>,
    /// Mode of each door.
    pub modes: Modes,
    /// Bodies.
    pub protocol: ProtocolRoute,
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
        self.schema.fields.is_some() || self.ownership.reads_body()
    }

    /// What holds here, by column, for `doorward check`.
    pub fn rows(&self) -> [(&'static str, Vec<String>); 7] {
        let methods = match self.methods.is_empty() {
            true => vec!["all".into()],
            false => vec![self.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(" ")],
        };
        let inputs = self.schema.rows().into_iter().chain(self.injection.rows()).collect();
        [
            ("methods", methods),
            ("body", if self.deny { vec!["denied".into()] } else { self.protocol.rows() }),
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

/// Whether a request with a body is a login: to a configured path, or to one whose last segment is a word for logging in,
/// with or without an ending (`login.json`, `login.php`).
pub(crate) fn is_login(path: &str, configured: &[String]) -> bool {
    const LOGIN: [&str; 7] = ["login", "signin", "sign-in", "authenticate", "token", "session", "sessions"];
    let last = || Spelling::Loose.segments(path).last();
    configured
        .iter()
        .any(|configured| Spelling::Loose.segments(configured).eq(Spelling::Loose.segments(path)))
        || last().is_some_and(|last| last.split('.').next().is_some_and(|word| LOGIN.contains(&word)))
}

/// What Cedar policies can see of an operation's requests: the object in the response to a read, or the object that is
/// read before a write.
pub(crate) fn visibility<'d>(
    document: &'d Document,
    routes: &'d Routes,
    method: &Method,
    path: &str,
) -> Visibility<'d> {
    let route = written(routes, method, path);
    let held = route.is_none_or(|route| route.protocol.body == BodyHandling::Hold);
    let object = if [Method::GET, Method::HEAD].contains(method) {
        let list =
            route.and_then(|route| route.ownership.owner.as_ref()).and_then(|owner| owner.list.as_ref());
        if held { ObjectFrom::Response(list.map(|list| list.as_str())) } else { ObjectFrom::Nowhere }
    } else {
        let read = route.and_then(|route| route.ownership.check_owner_before_write.as_ref());
        let read = read.map(ToString::to_string);
        match read.as_deref().map(|read| document.find(&Method::GET, read)) {
            Some(Found::Operation(operation, ..)) => ObjectFrom::Read(operation),
            _ => ObjectFrom::Nowhere,
        }
    };
    Visibility { body: held, object }
}

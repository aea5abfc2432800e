//! What holds on one route: a part for each door that may differ by route.

mod config;

use std::sync::Arc;

use authorization::{ObjectFrom, Visibility};
use http::Method;
use openapi::{Document, Found, PathTemplate, Router, Spelling};

pub use config::{RouteConfig, ScopeConfig};

use crate::doors::{
    AuthRoute, BodyHandling, InjectionRoute, Modes, OwnershipRoute, ProtocolRoute, RateRoute, SchemaRoute,
};

/// Routes by path template; those of one template differ in their methods.
pub(crate) type Routes = Router<Vec<Arc<RoutePolicy>>>;

/// What holds on one route.
#[derive(Debug, Clone)]
pub struct RoutePolicy {
    /// Its name in events and limits: the template, `login`, or `*`.
    pub name: Arc<str>,
    /// The template, for a route that was written down.
    pub template: Option<PathTemplate>,
    /// Methods; all when empty.
    pub methods: Vec<Method>,
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
            ("body", self.protocol.rows()),
            ("auth", self.auth.rows()),
            ("limits", self.rate.rows()),
            ("inputs", inputs),
            ("ownership", self.ownership.rows()),
            ("doors not enforced", self.modes.rows()),
        ]
    }

    /// The one of a path's routes that holds for a method: one that names it first. Where templates differ in spelling
    /// only, the one that the path spells comes first.
    pub(crate) fn pick<'r>(
        candidates: &'r [Arc<RoutePolicy>],
        method: &Method,
        path: &str,
    ) -> Option<&'r Arc<RoutePolicy>> {
        let spells = |route: &&Arc<RoutePolicy>| {
            route.template.as_ref().is_some_and(|template| template.captures(path).is_some())
        };
        let templates = || candidates.iter().map(|route| &route.template);
        let differ = templates().zip(templates().skip(1)).any(|(one, next)| one != next);
        let spelled = differ.then(|| Self::by_method(candidates.iter().filter(spells), method)).flatten();
        spelled.or_else(|| Self::by_method(candidates.iter(), method))
    }

    fn by_method<'r>(
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

/// Whether a request is a login: a POST to a configured path, or to one whose last segment is a word for logging in.
pub(crate) fn is_login(method: &Method, path: &str, configured: &[String]) -> bool {
    const LOGIN: [&str; 7] = ["login", "signin", "sign-in", "authenticate", "token", "session", "sessions"];
    let last = || Spelling::Loose.segments(path).last();
    method == Method::POST
        && (configured
            .iter()
            .any(|configured| Spelling::Loose.segments(configured).eq(Spelling::Loose.segments(path)))
            || last().is_some_and(|last| LOGIN.contains(&&*last)))
}

/// What Cedar policies can see of an operation's requests: the object in the response to a read, or the object that is
/// read before a write.
pub(crate) fn visibility<'d>(
    document: &'d Document,
    routes: &'d Routes,
    method: &Method,
    path: &str,
) -> Visibility<'d> {
    // Braces stand for themselves here: a template matches its own text.
    let candidates = routes.find(path).map(|(_, candidates, _)| candidates);
    let route = candidates.and_then(|candidates| RoutePolicy::pick(candidates, method, path));
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

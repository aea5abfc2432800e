//! The routes that a request may be on. Servers read paths in more than one way; what a request is to any of them holds.

use std::sync::Arc;

use http::Method;
use openapi::{Captures, PathTemplate, Router, Spelling, canonical_path};

use super::destination::{Destination, Destinations};
use super::login::{Carries, LoginPath, login_path};
use super::route_policy::RoutePolicy;

/// Routes by path template; those of one template differ in their methods.
pub(crate) type Routes = Router<Vec<Arc<RoutePolicy>>>;

/// The routes of a policy for a host, by their spelling.
#[derive(Debug)]
pub struct RouteTable {
    exact: Routes,
    /// The same, found by the loosest spelling that a server may accept; nothing where the API tells spellings apart.
    /// Entries may differ in spelling alone.
    loose: Router<Vec<(PathTemplate, Vec<Arc<RoutePolicy>>)>>,
    login: Arc<RoutePolicy>,
    fallback: Arc<RoutePolicy>,
    login_paths: Vec<String>,
    destinations: Destinations,
}

/// A route that a request is on, with the values of its path parameters.
#[derive(Debug, Clone)]
pub struct RouteMatch<'r, 'p> {
    /// The route.
    pub route: &'r Arc<RoutePolicy>,
    /// Its path parameters.
    pub captures: Captures<'r, 'p>,
}

/// The routes that a request may be on.
#[derive(Debug)]
pub struct RouteMatches<'r, 'p> {
    /// By the path as it is spelled, or by the loosest spelling where no route is spelled so.
    pub first: RouteMatch<'r, 'p>,
    /// By other readings.
    pub others: Vec<RouteMatch<'r, 'p>>,
    /// Whether the request is a login if its body looks like one.
    pub may_be_login: bool,
}

impl RouteTable {
    pub(crate) fn new(
        exact: Routes,
        spelling: Spelling,
        login: Arc<RoutePolicy>,
        fallback: Arc<RoutePolicy>,
        login_paths: Vec<String>,
        destinations: Destinations,
    ) -> Self {
        let mut loose = Router::new(Spelling::Loose);
        if spelling == Spelling::Loose {
            for (template, routes) in exact.iter() {
                loose.entry(template.clone(), Vec::new).push((template.clone(), routes.clone()));
            }
        }
        RouteTable { exact, loose, login, fallback, login_paths, destinations }
    }

    /// The route that a method and a normalized path belong to, and the values of its path parameters.
    pub fn route<'p>(&self, method: &Method, path: &'p str) -> (&Arc<RoutePolicy>, Captures<'_, 'p>) {
        let RouteMatch { route, captures } = self.readings(method, path, Carries::Nothing).first;
        (route, captures)
    }

    /// Where requests go for a method and a normalized path.
    pub fn destination(&self, method: &Method, path: &str) -> &Arc<Destination> {
        self.destinations.find(method, path)
    }

    /// Every route that a request may be on to some server: case, empty segments, `;parameters`, and blanks and dots at
    /// the end of a segment make no difference to many. A request with a body may be a login. Where no route is written down,
    /// those for everything else.
    pub fn readings<'p>(&self, method: &Method, path: &'p str, carries: Carries) -> RouteMatches<'_, 'p> {
        let carries = if carries_body(method) { carries.max(Carries::Body) } else { carries };
        // What has no body logs nobody in.
        let by_path = match carries {
            Carries::Nothing => None,
            Carries::Body | Carries::Login => login_path(path, &self.login_paths),
        };
        let is_login = match by_path {
            Some(LoginPath::Sure) => true,
            Some(LoginPath::ByBody) => carries == Carries::Login,
            None => false,
        };
        let may_be_login = by_path == Some(LoginPath::ByBody) && !self.is_no_login(path);
        let serve = |route, captures: &Captures<'_, 'p>| {
            let route: &Arc<RoutePolicy> = route;
            // Routes of one shape may name their parameters differently.
            let names = route.template.iter().flat_map(PathTemplate::parameters);
            let captures = names.zip(captures.iter().map(|(_, value)| *value)).collect();
            let route = route.logins.as_ref().filter(|_| is_login).unwrap_or(route);
            RouteMatch { route, captures }
        };
        let exact = self.exact.find(path);
        let spelled = exact.as_ref().and_then(|(_, candidates, captures)| {
            Some(serve(RoutePolicy::pick(candidates.iter(), method)?, captures))
        });
        let mut others = Vec::new();
        for (_, entries, captures) in self.loose.find_all(path) {
            // Templates that differ in spelling alone are told apart by an API that has both.
            let is_spelled = spelled.is_some()
                && entries.iter().any(|(template, _)| {
                    exact.as_ref().is_some_and(|(spelled, ..)| spelled.as_str() == template.as_str())
                });
            if !is_spelled {
                let picked =
                    entries.iter().filter_map(|(_, routes)| RoutePolicy::pick(routes.iter(), method));
                others.extend(picked.map(|route| serve(route, &captures)));
            }
        }
        let first = spelled.or_else(|| (!others.is_empty()).then(|| others.remove(0)));
        let first = first.unwrap_or_else(|| RouteMatch {
            route: if is_login { &self.login } else { &self.fallback },
            captures: Captures::new(),
        });
        RouteMatches { first, others, may_be_login }
    }

    /// Whether all that is written down for a path says that it is no login.
    fn is_no_login(&self, path: &str) -> bool {
        let exact = self.exact.find(path).map(|(_, routes, _)| routes.iter().all(|route| route.is_no_login));
        exact.unwrap_or_else(|| {
            let mut loose =
                self.loose.find_all(path).into_iter().flat_map(|(_, entries, _)| entries).peekable();
            loose.peek().is_some() && loose.all(|(_, routes)| routes.iter().all(|route| route.is_no_login))
        })
    }

    /// Every route that was written down, then the two that are always there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<RoutePolicy>> {
        self.exact.iter().flat_map(|(_, list)| list).chain([&self.login, &self.fallback])
    }

    /// What holds for logins where nothing is written down.
    pub(crate) fn login(&self) -> &RoutePolicy {
        &self.login
    }

    /// What holds where nothing is written down.
    pub(crate) fn fallback(&self) -> &RoutePolicy {
        &self.fallback
    }

    /// Those that are written down, by their spelling.
    #[cfg(feature = "cedar")]
    pub(crate) fn written(&self) -> &Routes {
        &self.exact
    }
}

/// Whether requests of a method have a body, as a rule.
fn carries_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

/// The route that is written down for a method and a path, which may be a template: braces stand for themselves.
pub(crate) fn written<'r>(routes: &'r Routes, method: &Method, path: &str) -> Option<&'r Arc<RoutePolicy>> {
    let path = canonical_path(path);
    let (_, candidates, _) = routes.find(&path)?;
    RoutePolicy::pick(candidates.iter(), method)
}

//! Where a request goes: to which upstream, with which path; or where its client is sent.

use std::borrow::Cow;
use std::sync::Arc;

use http::{Method, StatusCode, Uri};
use openapi::{PathTemplate, Router, Spelling, canonical_path};

use super::config::{RedirectConfig, RedirectWithStatus, ScopeConfig};

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The place of its upstreams in [`Gateway::groups`](crate::Gateway::groups).
    pub group: usize,
    /// What the upstream does not get of the path, without a slash at its end; empty for nothing.
    pub stripped: Box<str>,
    /// Where its client is sent instead.
    pub redirect: Option<Redirect>,
    rewrite: Option<Filled>,
    /// As it is written, for `doorward check`.
    shown: Vec<String>,
}

/// Where clients are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: StatusCode,
    to: Filled,
}

/// A path or a URL that is filled in with segments of a request's path, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filled(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    /// The segment at this place.
    Segment(usize),
    /// What begins at this place.
    Rest(usize),
}

/// What is wrong with where a route leads: the setting, the problem, the help.
type Problem = (&'static str, String, String);

impl Destination {
    /// The upstreams of `[gateway]`.
    pub(crate) fn first() -> Self {
        Destination { group: 0, stripped: "".into(), redirect: None, rewrite: None, shown: Vec::new() }
    }

    /// What a route says; `None` where it says nothing of where requests go. `groups` are the names of the upstreams.
    pub(crate) fn compile(
        scope: &ScopeConfig,
        template: &PathTemplate,
        groups: &[Arc<str>],
    ) -> Result<Option<Self>, Problem> {
        let ScopeConfig { upstream, strip_prefix, rewrite, redirect, .. } = scope;
        if upstream.is_none() && strip_prefix.is_none() && rewrite.is_none() && redirect.is_none() {
            return Ok(None);
        }
        let written = [
            ("upstream", upstream.is_some()),
            ("strip_prefix", strip_prefix.is_some()),
            ("rewrite", rewrite.is_some()),
        ];
        if let Some((field, _)) = written.iter().find(|(_, is_there)| redirect.is_some() && *is_there) {
            let message = "this route sends its clients elsewhere, so that no upstream gets a request";
            return Err((field, message.into(), format!("remove `redirect` or `{field}`")));
        }
        if strip_prefix.is_some() && rewrite.is_some() {
            let message = "`rewrite` says the whole path; there is nothing to strip";
            return Err(("strip_prefix", message.into(), "remove one of the two".into()));
        }
        let mut destination = Destination::first();
        if let Some(name) = upstream {
            destination.group = groups.iter().position(|known| **known == **name).ok_or_else(|| {
                let known: Vec<String> = groups.iter().map(|name| format!("`{name}`")).collect();
                let help = match known.len() {
                    1 => format!("write `[[upstream]]` with `name = \"{name}\"` and its `urls`"),
                    _ => format!("the upstreams are {}", known.join(", ")),
                };
                ("upstream", format!("there is no upstream `{name}`"), help)
            })?;
            destination.shown.push(format!("to {name}"));
        }
        if let Some(prefix) = strip_prefix {
            destination.stripped = stripped(prefix, template)?;
            destination.shown.push(format!("without {prefix}"));
        }
        if let Some(path) = rewrite {
            let filled =
                Filled::parse(path, template).map_err(|(problem, help)| ("rewrite", problem, help))?;
            destination.rewrite = Some(filled);
            destination.shown.push(format!("as {path}"));
        }
        if let Some(redirect) = redirect {
            let (redirect, shown) = Redirect::parse(redirect, template)?;
            destination.redirect = Some(redirect);
            destination.shown.push(shown);
        }
        Ok(Some(destination))
    }

    /// The path that the upstream gets, of the path as it came.
    pub fn path<'p>(&self, sent: &'p str) -> Cow<'p, str> {
        if let Some(rewrite) = &self.rewrite {
            return Cow::Owned(rewrite.fill(sent));
        }
        match self.stripped.matches('/').count() {
            0 => Cow::Borrowed(sent),
            // Segment by segment, so that what was matched by another spelling goes as well.
            count => Cow::Borrowed(behind(sent, count)),
        }
    }

    /// What is written, for `doorward check`.
    pub(crate) fn rows(&self) -> &[String] {
        &self.shown
    }
}

/// What stands behind so many segments of a path, with one slash before it. Empty segments do not count.
fn behind(path: &str, count: usize) -> &str {
    let mut rest = path.trim_start_matches('/');
    for _ in 0..count {
        rest = rest.split_once('/').map_or("", |(_, rest)| rest).trim_start_matches('/');
    }
    let at = path.len() - rest.len();
    path.get(at.saturating_sub(1)..).filter(|path| path.starts_with('/')).unwrap_or("/")
}

/// The prefix without a slash at its end.
fn stripped(prefix: &str, template: &PathTemplate) -> Result<Box<str>, Problem> {
    let trimmed = prefix.trim_end_matches('/');
    let of_path =
        |path: &str| path.split('/').map(|part| canonical_path(part).into_owned()).collect::<Vec<_>>();
    let begins = of_path(template.as_str()).starts_with(&of_path(trimmed));
    if !trimmed.starts_with('/') || trimmed.contains(['{', '}', '*', '?', '#']) || !begins {
        let message = format!("the paths of this route, `{template}`, do not begin with `{prefix}`");
        let first = template.as_str().split('/').nth(1).unwrap_or_default();
        return Err(("strip_prefix", message, format!("write the beginning of them, as in `/{first}`")));
    }
    Ok(trimmed.into())
}

impl Redirect {
    fn parse(config: &RedirectConfig, template: &PathTemplate) -> Result<(Self, String), Problem> {
        let (to, status) = match config {
            RedirectConfig::To(to) => (to, 308),
            RedirectConfig::With(RedirectWithStatus { to, status }) => (to, *status),
        };
        if ![301, 302, 303, 307, 308].contains(&status) {
            let help = "write 308 or 301 for good, 307 or 302 for now, 303 after a form";
            return Err(("redirect", format!("{status} is no redirect"), help.into()));
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::PERMANENT_REDIRECT);
        let filled = Filled::parse(to, template).map_err(|(problem, help)| ("redirect", problem, help))?;
        if *to == template.as_str() {
            let message = "this route would send its clients to itself";
            return Err(("redirect", message.into(), "write another path, or a URL".into()));
        }
        Ok((Redirect { status, to: filled }, format!("{} to {to}", status.as_u16())))
    }

    /// The `Location` for a path as it came and its query.
    pub fn location(&self, sent: &str, query: Option<&str>) -> String {
        let to = self.to.fill(sent);
        match query {
            Some(query) if !to.contains('?') => format!("{to}?{query}"),
            _ => to,
        }
    }
}

impl Filled {
    /// Reads a path, or a URL, whose names in braces are those of a template.
    fn parse(text: &str, template: &PathTemplate) -> Result<Self, (String, String)> {
        let path_at = match text.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => {
                let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let origin = text.get(..scheme.len() + 3 + host).unwrap_or_default();
                let is_url = origin.parse::<Uri>().is_ok_and(|uri| uri.authority().is_some());
                is_url.then_some(origin.len())
            }
            Some(_) => None,
            None => text.starts_with('/').then_some(0),
        };
        let wrong = |why: &str, help: &str| (format!("`{text}` {why}"), help.to_owned());
        let (origin, path) = path_at
            .and_then(|at| text.split_at_checked(at))
            .filter(|(_, path)| !path.starts_with("//"))
            .ok_or_else(|| {
                wrong("is not a path", "write `/new/{id}`, or for a redirect `https://new.example/**`")
            })?;
        if path.contains(['#', '\\']) || path.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(wrong("has characters that no path has", "escape them: `%20` for a blank"));
        }
        let given: Vec<&str> = template.as_str().split('/').skip(1).collect();
        let place = |name: &str| given.iter().position(|part| *part == name);
        let mut parts = vec![Part::Text(origin.into())];
        let count = path.split('/').count();
        for (i, part) in path.split('/').enumerate().skip(1) {
            parts.push(Part::Text("/".into()));
            let is_name = part.starts_with('{') && part.ends_with('}');
            parts.push(match part {
                "**" => match place("**").filter(|_| i + 1 == count) {
                    Some(at) => Part::Rest(at),
                    None => {
                        let help = "`**` stands at the end of both, or of none";
                        return Err(wrong("has a `**` that the route's path does not have there", help));
                    }
                },
                name if is_name => Part::Segment(place(name).ok_or_else(|| {
                    let help = format!("the path of the route is `{template}`");
                    (format!("`{text}` names `{name}`, which is no segment of the route's path"), help)
                })?),
                part if part.contains(['{', '}', '*']) => {
                    return Err(wrong(
                        "has a name that is a part of a segment",
                        "a name is a whole segment: `/{id}/`",
                    ));
                }
                part => Part::Text(part.into()),
            });
        }
        Ok(Filled(parts))
    }

    fn fill(&self, sent: &str) -> String {
        let mut filled = String::with_capacity(sent.len() + 16);
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Segment(at) => {
                    let segment = sent.split('/').filter(|segment| !segment.is_empty()).nth(*at);
                    filled.push_str(segment.unwrap_or_default());
                }
                Part::Rest(at) => filled.push_str(behind(sent, *at).trim_start_matches('/')),
            }
        }
        filled
    }
}

/// Where the requests of each path go.
#[derive(Debug)]
pub(crate) struct Destinations {
    exact: Router<Vec<Entry>>,
    /// The same by the loosest spelling, for paths that no route spells; nothing where the API tells spellings apart.
    loose: Router<Vec<Entry>>,
    first: Arc<Destination>,
}

#[derive(Debug, Clone)]
struct Entry {
    methods: Vec<Method>,
    destination: Arc<Destination>,
}

impl Destinations {
    /// The destinations of routes: template, methods (all when empty), destination.
    pub(crate) fn new(
        routes: Vec<(PathTemplate, Vec<Method>, Arc<Destination>)>,
        spelling: Spelling,
    ) -> Self {
        let mut exact: Router<Vec<Entry>> = Router::default();
        for (template, methods, destination) in &routes {
            let entries = exact.entry(template.clone(), Vec::new);
            entries.push(Entry { methods: methods.clone(), destination: Arc::clone(destination) });
            entries
                .sort_by_key(|entry| if entry.methods.is_empty() { usize::MAX } else { entry.methods.len() });
        }
        // The methods that a path's routes do not name go where those of the path above it go.
        for (template, ..) in &routes {
            let mut above: Router<Vec<Entry>> = Router::default();
            for (other, methods, destination) in &routes {
                let covers = || other.captures(&canonical_path(template.as_str())).is_some();
                if methods.is_empty() && !other.has_shape_of(template) && covers() {
                    let entry = Entry { methods: Vec::new(), destination: Arc::clone(destination) };
                    above.entry(other.clone(), Vec::new).push(entry);
                }
            }
            let inherited =
                above.find(&canonical_path(template.as_str())).and_then(|(_, e, _)| e.first().cloned());
            let entries = exact.entry(template.clone(), Vec::new);
            if let Some(inherited) =
                inherited.filter(|_| entries.iter().all(|entry| !entry.methods.is_empty()))
            {
                entries.push(inherited);
            }
        }
        let mut loose = Router::new(Spelling::Loose);
        if spelling == Spelling::Loose {
            for (template, entries) in exact.iter() {
                loose.entry(template.clone(), Vec::new).extend(entries.iter().cloned());
            }
        }
        Destinations { exact, loose, first: Arc::new(Destination::first()) }
    }

    /// Where requests go for a method and a normalized path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> &Arc<Destination> {
        if self.exact.is_empty() {
            return &self.first;
        }
        let found = self.exact.find(path).or_else(|| self.loose.find(path));
        let entry = found.and_then(|(_, entries, _)| {
            let exact = entries.iter().find(|entry| entry.methods.contains(method));
            exact.or_else(|| entries.iter().find(|entry| entry.serves(method)))
        });
        entry.map_or(&self.first, |entry| &entry.destination)
    }
}

impl Entry {
    fn serves(&self, method: &Method) -> bool {
        self.methods.is_empty() || (method == Method::HEAD && self.methods.contains(&Method::GET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(path: &str, scope: ScopeConfig) -> Result<Destination, Problem> {
        let groups = ["gateway".into(), "orders".into()];
        let found = Destination::compile(&scope, &PathTemplate::parse(path).unwrap(), &groups)?;
        Ok(found.unwrap_or_else(|| unreachable!("{path} leads nowhere")))
    }

    fn rewriting(to: &str) -> ScopeConfig {
        ScopeConfig { rewrite: Some(to.into()), ..ScopeConfig::default() }
    }

    #[test]
    fn paths_are_changed_segment_by_segment_as_they_came() {
        let strip = ScopeConfig { strip_prefix: Some("/shop/orders/".into()), ..ScopeConfig::default() };
        for (route, scope, sent, expected) in [
            ("/shop/orders/**", &strip, "/shop/orders/7/%61", "/7/%61"),
            ("/shop/orders/**", &strip, "/Shop/%6Frders/7", "/7"),
            ("/shop/orders/**", &strip, "/shop/orders", "/"),
            ("/shop/orders/**", &strip, "/shop/orders/", "/"),
            ("/shop/orders/**", &strip, "/shop//orders//a//b/", "/a//b/"),
            ("/users/{id}/**", &rewriting("/v2/{id}/**"), "/users//7/a//b", "/v2/7/a//b"),
            ("/users/{id}/**", &rewriting("/v2/{id}/x/**"), "/users/a%2Fb/c/d", "/v2/a%2Fb/x/c/d"),
            ("/users/{id}", &rewriting("/u/{id}"), "/users/7/", "/u/7"),
            ("/users/{id}/**", &rewriting("/v2/**"), "/users/7", "/v2/"),
            ("/a", &rewriting("/b"), "/a", "/b"),
        ] {
            assert_eq!(compiled(route, scope.clone()).unwrap().path(sent), expected, "{route} {sent}");
        }
    }

    #[test]
    fn what_cannot_hold_is_an_error_of_its_setting() {
        let strip =
            |prefix: &str| ScopeConfig { strip_prefix: Some(prefix.into()), ..ScopeConfig::default() };
        let redirect = |to: &str| ScopeConfig {
            redirect: Some(RedirectConfig::To(to.into())),
            ..ScopeConfig::default()
        };
        let with_status = ScopeConfig {
            redirect: Some(RedirectConfig::With(RedirectWithStatus { to: "/b".into(), status: 200 })),
            ..ScopeConfig::default()
        };
        let both = ScopeConfig { rewrite: Some("/b".into()), ..strip("/a") };
        let unknown = ScopeConfig { upstream: Some("order".into()), ..ScopeConfig::default() };
        for (route, scope, setting) in [
            ("/a/**", strip("/b"), "strip_prefix"),
            ("/a/**", strip("a"), "strip_prefix"),
            ("/{a}/**", strip("/{a}"), "strip_prefix"),
            ("/ab/**", strip("/a"), "strip_prefix"),
            ("/a", both, "strip_prefix"),
            ("/a/{id}", rewriting("/{name}"), "rewrite"),
            ("/a/{id}", rewriting("/**"), "rewrite"),
            ("/a/**", rewriting("/**/b"), "rewrite"),
            ("/a/{id}", rewriting("/x{id}"), "rewrite"),
            ("/a/{id}.json", rewriting("/{id}"), "rewrite"),
            ("/a", rewriting("//b"), "rewrite"),
            ("/a", redirect("javascript://x/"), "redirect"),
            ("/a", redirect("https:///x"), "redirect"),
            ("/a", redirect("/a"), "redirect"),
            ("/a", with_status, "redirect"),
            ("/a", ScopeConfig { upstream: Some("orders".into()), ..redirect("/b") }, "upstream"),
            ("/a", unknown, "upstream"),
        ] {
            let (found, ..) = compiled(route, scope.clone()).unwrap_err();
            assert_eq!(found, setting, "{route} {scope:?}");
        }
    }

    #[test]
    fn a_redirect_keeps_the_query() {
        let scope = ScopeConfig {
            redirect: Some(RedirectConfig::To("https://new.example/x/**".into())),
            ..ScopeConfig::default()
        };
        let redirect = compiled("/old/**", scope).unwrap().redirect.unwrap();
        assert_eq!(redirect.status, StatusCode::PERMANENT_REDIRECT);
        assert_eq!(redirect.location("/old/a%20b", Some("q=1")), "https://new.example/x/a%20b?q=1");
        assert_eq!(redirect.location("/old", None), "https://new.example/x/");
    }

    #[test]
    fn the_most_specific_route_that_says_where_requests_go_is_asked() {
        let to = |group| Arc::new(Destination { group, ..Destination::first() });
        let routes = [
            ("/orders/**", vec![], 1),
            ("/orders/special", vec![Method::POST], 2),
            ("/{any}/status", vec![], 3),
        ];
        let routes =
            routes.map(|(path, methods, group)| (PathTemplate::parse(path).unwrap(), methods, to(group)));
        let found = Destinations::new(routes.to_vec(), Spelling::Loose);
        for (method, path, group) in [
            (Method::GET, "/", 0),
            (Method::GET, "/orders", 1),
            (Method::GET, "/orders/7/x", 1),
            (Method::GET, "/ORDERS/7", 1),
            (Method::GET, "/orders;v=1/7", 1),
            (Method::POST, "/orders/special", 2),
            (Method::GET, "/orders/special", 1),
            (Method::GET, "/carts/status", 3),
            (Method::GET, "/orders%2F7", 0),
        ] {
            assert_eq!(found.find(&method, path).group, group, "{method} {path}");
        }
    }
}

//! Where a request goes: to which upstream, with which path; or where its client is sent.

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;
use openapi::{PathTemplate, canonical_path};

use super::filled::{Filled, behind};

use crate::route::config::{RedirectConfig, RedirectWithStatus, ScopeConfig};

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
}

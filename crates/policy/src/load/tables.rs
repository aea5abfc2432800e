//! Tables of routes: one for hosts that no route names, and one for each host that a route names.

use std::sync::Arc;

use http::Method;
use openapi::{Document, PathTemplate, Spelling};

use super::routes::routes;
use super::scope::Scope;
use crate::config::Config;
use crate::host::{covers, host};
use crate::reader::Reader;
use crate::route::{Destination, Destinations, RouteConfig, RoutePolicy, RouteTable, Routes};

/// The routes of a table that were written down, before it is made.
pub(super) struct Written {
    pub(super) host: Option<String>,
    pub(super) routes: Routes,
    destinations: Destinations,
}

impl Written {
    pub(super) fn table(self, shared: &Shared<'_>) -> (Option<String>, RouteTable) {
        let login_paths = shared.config.rate.login_paths.clone();
        let (login, fallback) = (Arc::clone(shared.login), Arc::clone(shared.fallback));
        (
            self.host,
            RouteTable::new(self.routes, shared.spelling, login, fallback, login_paths, self.destinations),
        )
    }
}

/// What all tables are made from.
pub(super) struct Shared<'c> {
    pub(super) config: &'c Config,
    pub(super) documents: &'c [Option<Document>],
    pub(super) spelling: Spelling,
    pub(super) groups: &'c [Arc<str>],
    pub(super) fallback: &'c Arc<RoutePolicy>,
    pub(super) login: &'c Arc<RoutePolicy>,
}

/// The table for hosts that no route names, then the others, those that name a host whole first.
pub(super) fn written(shared: &Shared<'_>, reader: &mut Reader) -> Vec<Written> {
    let hosts: Vec<Vec<String>> =
        shared.config.route.iter().enumerate().map(|(i, route)| hosts(i, route, reader)).collect();
    let mut named: Vec<&str> = hosts.iter().flatten().map(String::as_str).collect();
    named.sort_by_key(|host| (host.starts_with("*."), *host));
    named.dedup();
    let places = std::iter::once(None).chain(named.into_iter().map(Some));
    places
        .map(|host| {
            let entries = entries(&shared.config.route, &hosts, host);
            let destinations = destinations(shared, &entries, reader);
            let Shared { config, documents, groups, fallback, login, .. } = *shared;
            let scope = Scope {
                config,
                documents,
                host,
                entries,
                hosts: &hosts,
                destinations,
                groups,
                fallback,
                login,
            };
            let routes = routes(&scope, reader);
            Written { host: host.map(str::to_owned), routes, destinations: scope.destinations }
        })
        .collect()
}

/// The hosts that a route names.
fn hosts(i: usize, route: &RouteConfig, reader: &mut Reader) -> Vec<String> {
    let mut hosts = Vec::new();
    for (h, text) in route.scope.host.iter().enumerate() {
        match host(text) {
            Ok(host) => hosts.push(host),
            Err((message, help)) => {
                reader.wrong(&["route", &i.to_string(), "host", &h.to_string()], message, help);
            }
        }
    }
    hosts
}

/// The routes of the file that hold for a host: of those that are alike, the one that names it most closely.
fn entries(routes: &[RouteConfig], hosts: &[Vec<String>], host: Option<&str>) -> Vec<usize> {
    let rank = |at: usize| {
        let named = hosts.get(at).map_or(&[][..], Vec::as_slice);
        match host {
            _ if named.is_empty() => Some(0),
            Some(host) if named.iter().any(|known| known == host) => Some(2),
            Some(host) if named.iter().any(|known| known.starts_with("*.") && covers(known, host)) => Some(1),
            _ => None,
        }
    };
    let all: Vec<(usize, &RouteConfig, i32)> =
        routes.iter().enumerate().filter_map(|(at, route)| Some((at, route, rank(at)?))).collect();
    let is_replaced = |(_, route, rank): &(usize, &RouteConfig, i32)| {
        let Ok(template) = PathTemplate::parse(&route.scope.path) else { return false };
        all.iter().any(|(_, other, higher)| {
            let methods = &other.scope.methods;
            let has = |method: &String| methods.iter().any(|known| known.eq_ignore_ascii_case(method));
            let covers_methods = methods.is_empty()
                || (!route.scope.methods.is_empty() && route.scope.methods.iter().all(has));
            higher > rank
                && covers_methods
                && PathTemplate::parse(&other.scope.path).is_ok_and(|other| other.has_shape_of(&template))
        })
    };
    all.iter().filter(|entry| !is_replaced(entry)).map(|(at, ..)| *at).collect()
}

fn destinations(shared: &Shared<'_>, entries: &[usize], reader: &mut Reader) -> Destinations {
    let mut found = Vec::new();
    for at in entries {
        let Some(route) = shared.config.route.get(*at) else { continue };
        // What is no path is a problem of the route.
        let Ok(template) = PathTemplate::parse(&route.scope.path) else { continue };
        match Destination::compile(&route.scope, &template, shared.groups) {
            Ok(Some(destination)) => {
                let methods = route.scope.methods.iter();
                let methods: Vec<Method> =
                    methods.filter_map(|m| m.to_ascii_uppercase().parse().ok()).collect();
                found.push((template, methods, Arc::new(destination)));
            }
            Ok(None) => {}
            Err((field, message, help)) => {
                reader.wrong(&["route", &at.to_string(), field], message, help);
            }
        }
    }
    Destinations::new(found, shared.spelling)
}

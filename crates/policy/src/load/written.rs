//! Where routes are written: `[[route]]` in the file, `x-doorward` beside an operation of the document. Both have the
//! same settings; what both say of one operation is merged, and must not differ.

use http::Method;
use openapi::{Document, OperationSettings, PathTemplate, canonical_path};
use serde_json::{Map, Value};

use super::scope::Scope;
use crate::config::suggestion;
use crate::reader::{Place, Reader, RouteSource};
use crate::route::RouteConfig;

/// A route as written.
pub(super) struct Written<'d> {
    pub(super) config: RouteConfig,
    /// The hosts that it names; all when empty.
    pub(super) hosts: Vec<String>,
    pub(super) place: Place,
    /// The document that it is written in, or whose operation it is about.
    pub(super) document: Option<&'d Document>,
    /// Further names of path parameters: those of the document, beside those of the file.
    pub(super) names: Vec<String>,
}

impl<'d> Written<'d> {
    /// The path template, as written.
    pub(super) fn path(&self) -> &str {
        &self.config.scope.path
    }

    /// The name in events and limits.
    pub(super) fn name(&self) -> String {
        match self.place {
            Place::File(_) => self.path().to_owned(),
            Place::Document(_) => format!("{} {}", self.config.scope.methods.join(" "), self.path()),
        }
    }

    pub(super) fn is_in_file(&self) -> bool {
        matches!(self.place, Place::File(_))
    }

    /// Where problems with this route are reported.
    pub(super) fn source<'s>(&'s self, parameters: &'s [&'s str]) -> RouteSource<'s>
    where
        'd: 's,
    {
        RouteSource { path: self.path(), parameters, place: &self.place, document: self.document }
    }
}

/// What a document cannot say of its operations: where they are, and where requests go.
const OF_THE_FILE: [&str; 7] = ["path", "methods", "host", "upstream", "strip_prefix", "rewrite", "redirect"];

/// Every route of a table, of file and documents. A document speaks of the requests that go to its upstream.
pub(super) fn written_routes<'c>(scope: &Scope<'c>, reader: &mut Reader) -> Vec<Written<'c>> {
    let mut routes: Vec<Written<'c>> = Vec::new();
    let tables = route_tables(reader);
    let documents =
        scope.documents.iter().enumerate().filter_map(|(at, document)| Some((at, document.as_ref()?)));
    let operations =
        documents.flat_map(|(at, document)| document.settings().iter().map(move |one| (at, document, one)));
    let leads_to = |group: usize, method: &Method, path: &str| {
        scope.destinations.find(method, &canonical_path(path)).group == group
    };
    for (group, document, operation) in operations {
        if !leads_to(group, &operation.method, operation.template.as_str()) {
            continue;
        }
        let path = operation.template.as_str();
        let mut merged = Map::new();
        let mut places: Vec<(String, String)> = Vec::new();
        for (name, value, at) in &operation.settings {
            let name = canonical(name);
            merged.insert(name.clone(), value.clone());
            places.push((name, at.clone()));
        }
        if let Some((name, at)) = places.iter().find(|(name, _)| OF_THE_FILE.contains(&name.as_str())) {
            let problem = document.problem(at, format!("`{name}` cannot be said here"));
            reader.problems.push(problem.with_help("remove it; `[[route]]` in doorward.toml may say it"));
            continue;
        }
        let mut names = Vec::new();
        for i in scope.entries.iter().copied() {
            let Some(route) = scope.config.route.get(i) else { continue };
            if !serves(route, &operation.template, &operation.method) {
                continue;
            }
            if let Ok(template) = PathTemplate::parse(&route.scope.path) {
                names.extend(template.parameters().map(str::to_owned));
            }
            for (name, value) in tables.get(i).into_iter().flatten() {
                match merged.get(name) {
                    Some(other) if other != value => conflict(document, name, i, &places, reader),
                    Some(_) => {}
                    None => {
                        merged.insert(name.clone(), value.clone());
                        places.push((name.clone(), String::new()));
                    }
                }
            }
        }
        match route_config(merged, path, &operation.method) {
            Ok(config) => {
                routes.push(Written {
                    config,
                    hosts: scope.host.map(str::to_owned).into_iter().collect(),
                    place: Place::Document(places),
                    document: Some(document),
                    names,
                });
            }
            // One by one, so that the problem has its place.
            Err(_) => wrong_settings(document, operation, reader),
        }
    }
    for i in scope.entries.iter().copied() {
        let Some(route) = scope.config.route.get(i) else { continue };
        let (place, hosts) = (Place::File(i.to_string()), scope.hosts.get(i).cloned().unwrap_or_default());
        routes.push(Written { config: route.clone(), hosts, place, document: None, names: Vec::new() });
    }
    routes
}

/// The present name of a setting.
fn canonical(written: &str) -> String {
    RouteConfig::name_of(written).unwrap_or(written).to_owned()
}

fn wrong_settings(document: &Document, operation: &OperationSettings, reader: &mut Reader) {
    for (name, value, at) in &operation.settings {
        let alone = [(name.clone(), value.clone())].into_iter().collect();
        let Err(message) = route_config(alone, operation.template.as_str(), &operation.method) else {
            continue;
        };
        let problem = document.problem(at, format!("x-doorward: {message}"));
        reader.problems.push(match suggestion(&message) {
            Some(help) => problem.with_help(help),
            None => problem,
        });
    }
}

fn conflict(document: &Document, name: &str, route: usize, places: &[(String, String)], reader: &mut Reader) {
    let pointer = places.iter().find(|(known, _)| known == name).map_or("", |(_, at)| at.as_str());
    let there = document.problem(pointer, "").position();
    let there = there.map_or(String::new(), |(line, column)| format!(" at {line}:{column}"));
    let message = format!("`{name}` here is not the `{name}` of x-doorward in the document{there}");
    reader.wrong(&["route", &route.to_string(), name], message, "write it in one of the two places");
}

/// The settings of each `[[route]]` as written, without those that say where it applies.
fn route_tables(reader: &Reader) -> Vec<Map<String, Value>> {
    let Ok(table) = reader.source().text().parse::<toml::Table>() else { return Vec::new() };
    let routes = table.get("route").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let as_json = |route: &toml::Value| match serde_json::to_value(route) {
        Ok(Value::Object(map)) => map
            .into_iter()
            .map(|(name, value)| (canonical(&name), value))
            .filter(|(name, _)| !OF_THE_FILE.contains(&name.as_str()))
            .collect(),
        _ => Map::new(),
    };
    routes.iter().map(as_json).collect()
}

fn route_config(
    mut settings: Map<String, Value>,
    path: &str,
    method: &Method,
) -> Result<RouteConfig, String> {
    settings.insert("path".into(), path.into());
    settings.insert("methods".into(), vec![method.as_str()].into());
    serde_json::from_value(Value::Object(settings)).map_err(|e| e.to_string())
}

/// Whether a `[[route]]` is about an operation.
fn serves(route: &RouteConfig, template: &PathTemplate, method: &Method) -> bool {
    let same = PathTemplate::parse(&route.scope.path).is_ok_and(|path| path.has_shape_of(template));
    same && (route.scope.methods.is_empty()
        || route.scope.methods.iter().any(|m| m.eq_ignore_ascii_case(method.as_str())))
}

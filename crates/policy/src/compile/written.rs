//! Where routes are written: `[[route]]` in the file, `x-doorward` beside an operation of the document. Both say the
//! same things in the same words; what both say of one operation adds up, and must not differ.

use http::Method;
use serde_json::{Map, Value};

use super::Compiler;
use crate::config::{Config, RouteConfig};
use openapi::PathTemplate;
use openapi::{Document, OperationSettings};

/// A route as somebody wrote it.
pub(super) struct Written {
    pub(super) config: RouteConfig,
    pub(super) place: Place,
    /// Further names that path parameters have: those of the document, beside those of the file.
    pub(super) names: Vec<String>,
}

/// Where a route is written.
#[derive(Clone)]
pub(super) enum Place {
    /// `[[route]]` of this number.
    File(String),
    /// An operation: where each of its settings stands.
    Document(Vec<(String, String)>),
}

impl Place {
    pub(super) fn is_in_file(&self) -> bool {
        matches!(self, Place::File(_))
    }
}

impl Written {
    /// The name in events and limits.
    pub(super) fn name(&self) -> String {
        match self.place {
            Place::File(_) => self.config.path.clone(),
            Place::Document(_) => format!("{} {}", self.config.methods.join(" "), self.config.path),
        }
    }
}

impl Compiler {
    /// Every route of file and document.
    pub(super) fn written_routes(&mut self, config: &Config, document: Option<&Document>) -> Vec<Written> {
        let mut routes: Vec<Written> = Vec::new();
        let tables = self.route_tables();
        if let Some(document) = document {
            for operation in document.settings() {
                let path = operation.template.as_str();
                let mut merged: Map<String, Value> =
                    operation.settings.iter().map(|(name, value, _)| (name.clone(), value.clone())).collect();
                let mut places: Vec<(String, String)> =
                    operation.settings.iter().map(|(name, _, at)| (name.clone(), at.clone())).collect();
                if let Some(reserved) = places.iter().find(|(name, _)| name == "path" || name == "methods") {
                    let problem =
                        document.problem(&reserved.1, format!("`{}` is said by the document", reserved.0));
                    self.problems.push(problem.mend("remove it"));
                    continue;
                }
                let mut names = Vec::new();
                for (i, route) in config.routes.iter().enumerate() {
                    if !serves(route, &operation.template, &operation.method) {
                        continue;
                    }
                    names.extend(
                        PathTemplate::parse(&route.path)
                            .iter()
                            .flat_map(|t| t.parameters().map(str::to_owned).collect::<Vec<_>>()),
                    );
                    for (name, value) in tables.get(i).into_iter().flatten() {
                        match merged.get(name) {
                            Some(other) if other != value => self.conflict(document, name, i, &places),
                            Some(_) => {}
                            None => {
                                merged.insert(name.clone(), value.clone());
                                places.push((name.clone(), String::new()));
                            }
                        }
                    }
                }
                match route_config(merged, path, &operation.method) {
                    Ok(config) => routes.push(Written { config, place: Place::Document(places), names }),
                    // One by one, so that the problem has its place.
                    Err(_) => self.wrong_settings(document, operation),
                }
            }
        }
        for (i, route) in config.routes.iter().enumerate() {
            let place = Place::File(i.to_string());
            routes.push(Written { config: route.clone(), place, names: Vec::new() });
        }
        routes
    }

    fn wrong_settings(&mut self, document: &Document, operation: &OperationSettings) {
        for (name, value, at) in &operation.settings {
            let alone = [(name.clone(), value.clone())].into_iter().collect();
            let Err(message) = route_config(alone, operation.template.as_str(), &operation.method) else {
                continue;
            };
            let problem = document.problem(at, format!("x-doorward: {message}"));
            self.problems.push(match crate::config::suggestion(&message) {
                Some(mend) => problem.mend(mend),
                None => problem,
            });
        }
    }

    /// A problem with a route, where it was written.
    pub(super) fn wrong_at(
        &mut self,
        place: &Place,
        document: Option<&Document>,
        at: &[&str],
        message: impl Into<String>,
        mend: &str,
    ) {
        match (place, document) {
            (Place::Document(places), Some(document)) => {
                let setting = at.first().copied().unwrap_or("");
                let found = places.iter().find(|(name, _)| name == setting).or(places.first());
                let pointer = found.map_or(String::new(), |(_, pointer)| {
                    let rest = at.get(1..).unwrap_or_default();
                    rest.iter().fold(pointer.clone(), |pointer, part| format!("{pointer}/{part}"))
                });
                let problem = document.problem(&pointer, message);
                self.problems.push(if mend.is_empty() { problem } else { problem.mend(mend) });
            }
            (Place::File(index), _) => {
                let path: Vec<&str> = ["route", index].into_iter().chain(at.iter().copied()).collect();
                self.wrong(&path, message, mend);
            }
            (Place::Document(_), None) => self.wrong(&[], message, mend),
        }
    }

    fn conflict(&mut self, document: &Document, name: &str, route: usize, places: &[(String, String)]) {
        let pointer = places.iter().find(|(known, _)| known == name).map_or("", |(_, at)| at.as_str());
        let there = document.problem(pointer, "").position();
        let there = there.map_or(String::new(), |(line, column)| format!(" at {line}:{column}"));
        let message = format!("`{name}` here is not the `{name}` of x-doorward in the document{there}");
        self.wrong(&["route", &route.to_string(), name], message, "say it in one of the two places");
    }

    /// The settings of each `[[route]]` as they were written, without what says where they hold.
    fn route_tables(&self) -> Vec<Map<String, Value>> {
        let Ok(table) = self.source.text().parse::<toml::Table>() else { return Vec::new() };
        let routes = table.get("route").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let as_json = |route: &toml::Value| match serde_json::to_value(route) {
            Ok(Value::Object(mut map)) => {
                map.remove("path");
                map.remove("methods");
                map
            }
            _ => Map::new(),
        };
        routes.iter().map(as_json).collect()
    }
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
    let same = PathTemplate::parse(&route.path).is_ok_and(|path| path.has_shape_of(template));
    same && (route.methods.is_empty()
        || route.methods.iter().any(|m| m.eq_ignore_ascii_case(method.as_str())))
}

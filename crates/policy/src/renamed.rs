//! Old spellings of settings: accepted for one release, with a notice that names the place and the present name.

use openapi::{Document, Problem, Source};
use serde_json::Value;

use crate::config::{TABLES, renamed};
use crate::doors::MinConfidence;
use crate::route::RouteConfig;
use crate::settings::Setting;

/// A notice for every old spelling in the policy's text, and in `x-doorward` of the documents.
pub(crate) fn notices<'d>(source: &Source, documents: impl Iterator<Item = &'d Document>) -> Vec<Problem> {
    let mut notices = Vec::new();
    let text = source.text().parse::<toml::Table>().ok();
    let root = text.and_then(|table| serde_json::to_value(table).ok()).unwrap_or_default();
    let routes: Vec<&Setting> = RouteConfig::settings().collect();
    let tables = TABLES.iter().map(|table| (table.path, table.settings.iter().collect::<Vec<_>>()));
    for (path, settings) in tables.chain([("route", routes)]) {
        for (at, table) in tables_at(&root, path) {
            for (place, old, new) in old_spellings(table, &settings) {
                let at: Vec<&str> = at.iter().chain(&place).map(String::as_str).collect();
                notices.push(notice(source.problem(source.locate(&at), message(&old, &new))));
            }
        }
    }
    let operations =
        documents.flat_map(|document| document.settings().iter().map(move |one| (document, one)));
    for (document, operation) in operations {
        for (name, value, pointer) in &operation.settings {
            let table = Value::Object([(name.clone(), value.clone())].into_iter().collect());
            for (place, old, new) in old_spellings(&table, &RouteConfig::settings().collect::<Vec<_>>()) {
                let pointer = place.iter().skip(1).fold(pointer.clone(), |at, part| format!("{at}/{part}"));
                notices.push(notice(document.problem(&pointer, message(&old, &new))));
            }
        }
    }
    notices
}

fn message(old: &str, new: &str) -> String {
    format!("`{old}` is now called `{new}`")
}

fn notice(problem: Problem) -> Problem {
    problem.with_help("the old spelling is accepted for one more release")
}

/// Every table at a path; a list of tables is several.
fn tables_at<'v>(root: &'v Value, path: &str) -> Vec<(Vec<String>, &'v Value)> {
    let mut found = vec![(Vec::new(), root)];
    for name in path.split('.') {
        let mut next = Vec::new();
        for (at, value) in found {
            let old = renamed().find(|(_, new)| *new == name).map(|(old, _)| old);
            for name in std::iter::once(name).chain(old) {
                let at = |more: Option<usize>| {
                    let more = more.map(|i| i.to_string());
                    at.iter().cloned().chain([name.to_owned()]).chain(more).collect::<Vec<_>>()
                };
                match value.get(name) {
                    Some(Value::Array(items)) => {
                        next.extend(items.iter().enumerate().map(|(i, item)| (at(Some(i)), item)));
                    }
                    Some(inner) => next.push((at(None), inner)),
                    None => {}
                }
            }
        }
        found = next;
    }
    found
}

/// The old spellings in a table: where, the spelling, the present one.
fn old_spellings(table: &Value, settings: &[&Setting]) -> Vec<(Vec<String>, String, String)> {
    let mut found = Vec::new();
    for (setting, old) in settings.iter().filter_map(|s| Some((s, s.formerly?))) {
        if table.get(old).is_some() {
            found.push((vec![old.to_owned()], old.to_owned(), setting.name.to_owned()));
        }
    }
    let levels = table.get("detectors").and_then(Value::as_object);
    for (class, level) in levels.into_iter().flatten() {
        for (old, new) in MinConfidence::FORMERLY {
            if level.as_str() == Some(old) {
                found.push((vec!["detectors".into(), class.clone()], old.into(), new.into()));
            }
        }
    }
    found
}

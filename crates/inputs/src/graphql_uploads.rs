//! The multipart form of GraphQL requests: `operations` is what would be the body, `map` names the variables that other
//! parts are put into (GraphQL multipart request specification).
//!
//! Servers put the content of a part wherever `map` says, fields as well as files: an id in a variable is then another one
//! than `operations` shows. So what a part replaces is marked, and an argument that would use it is not known.

use serde_json::{Map, Value};

use super::json::parse_json;
use super::limits::StructureLimits;
use super::multipart::Part;
use super::names::{is_same_name, top_name};

/// Parts that have a meaning of their own, or that servers read beside `operations`.
const RESERVED: [&str; 5] = ["operations", "map", "query", "variables", "extensions"];

/// The name of the only member of a value that stands for a part.
const REPLACED: &str = "\0part";

/// What `operations` says, with a mark in the place of each variable that a part replaces. `None` when `map` names anything
/// else than variables, or parts stand beside `operations` that some server reads as well.
pub(super) fn operations(parts: &[Part], limits: StructureLimits) -> Option<Value> {
    let is_other = |part: &Part| {
        !["operations", "map"].contains(&&*part.name)
            && RESERVED.iter().any(|known| is_same_name(top_name(&part.name), known))
    };
    if parts.iter().any(is_other) {
        return None;
    }
    let one = |name: &str| {
        let mut named = parts.iter().filter(|part| part.name == name);
        match (named.next(), named.next()) {
            (Some(_), Some(_)) => None,
            (part, _) => Some(part),
        }
    };
    let mut operations = parse_json(&one("operations")??.content, limits).ok()?;
    if let Some(map) = one("map")? {
        let Value::Object(map) = parse_json(&map.content, limits).ok()? else { return None };
        for paths in map.values() {
            for path in paths.as_array()? {
                replace(&mut operations, path.as_str()?)?;
            }
        }
    }
    Some(operations)
}

/// Whether a value, or what it is taken from, is a part's.
pub(super) fn is_replaced(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.contains_key(REPLACED))
}

/// Marks the variable at a path: `variables.file`, `variables.input.files.0`, in a batch `0.variables.file`.
fn replace(operations: &mut Value, path: &str) -> Option<()> {
    // Some servers know brackets and quotes as well.
    if path.contains(['[', ']', '"', '\'', '\\']) {
        return None;
    }
    let mut names = path.split('.');
    let request = match operations {
        Value::Array(batch) => batch.get_mut(names.next()?.parse::<usize>().ok()?)?,
        request => request,
    };
    let first = names.next().filter(|name| *name == "variables")?;
    let variables = request.as_object_mut()?.entry(first).or_insert(Value::Null);
    if variables.is_null() {
        *variables = Value::Object(Map::new());
    }
    let names: Vec<&str> = names.collect();
    // Variables as JSON in a string are put together by nobody.
    if names.is_empty() || !variables.is_object() {
        return None;
    }
    mark(variables, &names);
    Some(())
}

/// Puts the mark where names lead to; what is no container there, or has no such item, is replaced as a whole.
fn mark(at: &mut Value, names: &[&str]) {
    if let Some((name, rest)) = names.split_first() {
        match at {
            Value::Object(map) => return mark(map.entry(*name).or_insert(Value::Null), rest),
            Value::Array(items) => {
                if let Some(item) = name.parse::<usize>().ok().and_then(|item| items.get_mut(item)) {
                    return mark(item, rest);
                }
            }
            _ => {}
        }
    }
    *at = Value::Object(Map::from_iter([(REPLACED.to_owned(), Value::Null)]));
}

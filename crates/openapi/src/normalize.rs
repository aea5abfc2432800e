//! OpenAPI 3.0 schemas as JSON Schema 2020-12, and the two readings of `required`.
//!
//! OpenAPI 3.0.3 §4.7.24: `nullable` and boolean `exclusiveMinimum` are its own dialect. `readOnly` properties are
//! `required` in responses only, `writeOnly` ones in requests only; so every document has a request and a response
//! reading.

use serde_json::{Map, Value};

use crate::fragment;
use crate::shape::Direction;

/// Rewrites every schema in the document for one direction.
pub(crate) fn normalize(value: &mut Value, direction: Direction) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| normalize(item, direction)),
        Value::Object(map) => {
            nullable(map);
            exclusive_bound(map, "exclusiveMinimum", "minimum");
            exclusive_bound(map, "exclusiveMaximum", "maximum");
            required(map, direction);
            reference(map);
            map.values_mut().for_each(|item| normalize(item, direction));
        }
        _ => {}
    }
}

fn nullable(map: &mut Map<String, Value>) {
    if map.get("nullable") != Some(&Value::Bool(true)) {
        return;
    }
    map.remove("nullable");
    if let Some(Value::String(kind)) = map.get("type") {
        let kind = kind.clone();
        map.insert("type".into(), serde_json::json!([kind, "null"]));
        if let Some(Value::Array(values)) = map.get_mut("enum")
            && !values.contains(&Value::Null)
        {
            values.push(Value::Null);
        }
    }
}

fn exclusive_bound(map: &mut Map<String, Value>, exclusive: &str, inclusive: &str) {
    if let Some(Value::Bool(is_exclusive)) = map.get(exclusive) {
        let is_exclusive = *is_exclusive;
        map.remove(exclusive);
        if is_exclusive && let Some(bound) = map.remove(inclusive) {
            map.insert(exclusive.into(), bound);
        }
    }
}

/// The bundle's references hold pointers; JSON Schema's are URIs.
fn reference(map: &mut Map<String, Value>) {
    if let Some(Value::String(target)) = map.get_mut("$ref")
        && let Some(pointer) = target.strip_prefix('#')
    {
        *target = format!("#{}", fragment::encode(pointer));
    }
}

fn required(map: &mut Map<String, Value>, direction: Direction) {
    let flag = match direction {
        Direction::Request => "readOnly",
        Direction::Response => "writeOnly",
    };
    let Some(Value::Object(properties)) = map.get("properties") else { return };
    let hidden: Vec<String> = properties
        .iter()
        .filter(|(_, schema)| schema.get(flag) == Some(&Value::Bool(true)))
        .map(|(name, _)| name.clone())
        .collect();
    if let Some(Value::Array(names)) = map.get_mut("required") {
        names.retain(|name| !name.as_str().is_some_and(|name| hidden.iter().any(|h| h == name)));
    }
}

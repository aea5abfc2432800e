//! A learnt document joined into one that a person wrote: what is there stays, what is lacking is added.

use serde_json::{Map, Value};

/// The existing document with the paths, operations, parameters, statuses and properties that it lacks.
pub(crate) fn join(existing: &Value, learnt: &Value) -> Value {
    let mut joined = existing.clone();
    let Some(Value::Object(new)) = learnt.get("paths") else { return joined };
    // What learnt operations refer to.
    for (name, scheme) in
        learnt.pointer("/components/securitySchemes").and_then(Value::as_object).into_iter().flatten()
    {
        let schemes = &mut joined["components"]["securitySchemes"];
        if schemes.get(name).is_none() {
            schemes[name] = scheme.clone();
        }
    }
    if !joined.get("paths").is_some_and(Value::is_object) {
        joined["paths"] = Value::Object(Map::new());
    }
    for (path, item) in new {
        let known = joined["paths"]
            .as_object()
            .and_then(|paths| paths.keys().find(|known| *known == path || same_shape(known, path)).cloned());
        match known {
            None => joined["paths"][path] = item.clone(),
            Some(known) => {
                for (method, operation) in item.as_object().into_iter().flatten() {
                    let there = &mut joined["paths"][&known];
                    match there.get_mut(method) {
                        None => there[method.as_str()] = operation.clone(),
                        Some(written) => operation_into(written, operation),
                    }
                }
            }
        }
    }
    joined
}

fn operation_into(written: &mut Value, learnt: &Value) {
    let Value::Object(written) = written else { return };
    if let Some(Value::Array(parameters)) = learnt.get("parameters") {
        let list = written.entry("parameters").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            for parameter in parameters.iter().filter(|p| p.get("in").is_some_and(|place| place == "query")) {
                let name = parameter.get("name");
                // A reference may name it already; then the person decides.
                if list.iter().all(|known| known.get("name") != name) {
                    list.push(parameter.clone());
                }
            }
        }
    }
    for key in ["requestBody", "responses"] {
        let Some(new) = learnt.get(key) else { continue };
        match written.get_mut(key) {
            None => drop(written.insert(key.into(), new.clone())),
            Some(old) => fill(old, new),
        }
    }
}

/// Adds members that are not there, in depth; never into a reference, and never what a schema's author left out of
/// `required`.
fn fill(old: &mut Value, new: &Value) {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return };
    if old.contains_key("$ref") {
        return;
    }
    let is_schema = old.contains_key("type") || old.contains_key("properties");
    for (name, value) in new {
        match old.get_mut(name) {
            Some(known) => fill(known, value),
            None if is_schema && name != "properties" => {}
            None => drop(old.insert(name.clone(), value.clone())),
        }
    }
}

/// Whether two templates differ only in the names of their parameters.
fn same_shape(a: &str, b: &str) -> bool {
    let shape = |text: &str| -> Vec<String> {
        let segment = |s: &str| if s.starts_with('{') { "{}".to_owned() } else { s.to_owned() };
        text.split('/').map(segment).collect()
    };
    shape(a) == shape(b)
}

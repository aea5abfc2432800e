//! A learnt document joined into one that a person wrote: what is there stays, what is lacking is added.

use serde_json::{Map, Value};

/// The existing document with the paths, operations, parameters, statuses and properties that it lacks.
pub(crate) fn join(existing: &Value, learnt: &Value) -> Value {
    let mut joined = existing.clone();
    let (Value::Object(document), Some(Value::Object(new))) = (&mut joined, learnt.get("paths")) else {
        return joined;
    };
    // What learnt operations refer to.
    if let Some(Value::Object(schemes)) = learnt.pointer("/components/securitySchemes")
        && let Some(components) = member(document, "components")
        && let Some(known) = member(components, "securitySchemes")
    {
        for (name, scheme) in schemes {
            known.entry(name).or_insert_with(|| scheme.clone());
        }
    }
    if !document.get("paths").is_some_and(Value::is_object) {
        document.insert("paths".into(), Value::Object(Map::new()));
    }
    let Some(paths) = member(document, "paths") else { return joined };
    for (path, item) in new {
        let known = paths.keys().find(|known| *known == path || same_shape(known, path)).cloned();
        let Some(known) = known else {
            paths.insert(path.clone(), item.clone());
            continue;
        };
        let Some(there) = member(paths, &known) else { continue };
        for (method, operation) in item.as_object().into_iter().flatten() {
            match there.get_mut(method) {
                None => drop(there.insert(method.clone(), operation.clone())),
                Some(written) => operation_into(written, operation),
            }
        }
    }
    joined
}

/// The object at a member, made if nothing is there; `None` if a person wrote something else there.
fn member<'o>(object: &'o mut Map<String, Value>, name: &str) -> Option<&'o mut Map<String, Value>> {
    object.entry(name).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_person_wrote_stays_whatever_it_is() {
        let learnt = json!({
            "components": { "securitySchemes": { "token": { "type": "http" } } },
            "paths": { "/a": { "get": {} } },
        });
        for components in [json!([]), json!("none"), json!({ "securitySchemes": 7 })] {
            let joined = join(&json!({ "components": components, "paths": { "/a": null } }), &learnt);
            assert_eq!(joined, json!({ "components": components, "paths": { "/a": null } }));
        }
        assert_eq!(join(&json!({}), &learnt), learnt);
        assert_eq!(join(&json!("no document"), &learnt), json!("no document"));
    }
}

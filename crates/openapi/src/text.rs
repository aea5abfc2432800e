//! Texts become typed values: what a schema says of the parts of a query, a form or a path segment.

use serde_json::{Map, Number, Value};

use crate::shape::resolve;

/// What a schema says a text is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Array(Scalar),
    Object(Fields),
    /// `content` instead of `schema`: JSON in a text.
    Json,
}

/// The properties of an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fields {
    named: Vec<(Box<str>, Kind)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Integer,
    Number,
    Boolean,
    Text,
    /// More than one type may be meant.
    Any,
}

/// How a text of more than one possible type is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As it stands.
    Text,
    /// As the number, boolean or null that it spells.
    Literal,
}

/// How deep schemas are followed; objects in texts do not nest deeper.
const MAX_DEPTH: usize = 6;

impl Kind {
    /// What a schema says, references and compositions followed.
    pub(crate) fn of(root: &Value, schema: &Value) -> Kind {
        kind(root, schema, 0)
    }
}

fn kind(root: &Value, schema: &Value, depth: usize) -> Kind {
    let schema = resolve(root, schema);
    if depth > MAX_DEPTH {
        return Kind::Scalar(Scalar::Any);
    }
    match type_of(schema) {
        Some("array") => {
            let items = kind(root, schema.get("items").unwrap_or(&Value::Null), depth + 1);
            Kind::Array(if let Kind::Scalar(scalar) = items { scalar } else { Scalar::Any })
        }
        Some("object") => Kind::Object(fields(root, schema, depth)),
        Some("integer") => Kind::Scalar(Scalar::Integer),
        Some("number") => Kind::Scalar(Scalar::Number),
        Some("boolean") => Kind::Scalar(Scalar::Boolean),
        Some("string") => Kind::Scalar(Scalar::Text),
        _ if schema.get("properties").is_some() => Kind::Object(fields(root, schema, depth)),
        _ => composed(root, schema, depth),
    }
}

/// The one kind of all parts of a composition; fields of objects come together.
fn composed(root: &Value, schema: &Value, depth: usize) -> Kind {
    let lists = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|key| schema.get(key)?.as_array());
    let kinds: Vec<Kind> = lists.flatten().map(|part| kind(root, part, depth + 1)).collect();
    if kinds.iter().any(|kind| matches!(kind, Kind::Object(_))) {
        return Kind::Object(fields(root, schema, depth));
    }
    match kinds.split_first() {
        Some((first, rest)) if rest.iter().all(|kind| kind == first) => first.clone(),
        _ => Kind::Scalar(Scalar::Any),
    }
}

fn fields(root: &Value, schema: &Value, depth: usize) -> Fields {
    let schema = resolve(root, schema);
    let mut named: Vec<(Box<str>, Kind)> = Vec::new();
    let mut add = |name: &str, kind: Kind| {
        if !named.iter().any(|(known, _)| **known == *name) {
            named.push((name.into(), kind));
        }
    };
    if let Some(Value::Object(properties)) = schema.get("properties") {
        for (name, property) in properties {
            add(name, kind(root, property, depth + 1));
        }
    }
    if depth <= MAX_DEPTH {
        let lists = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|key| schema.get(key)?.as_array());
        for part in lists.flatten() {
            for (name, kind) in fields(root, part, depth + 1).named {
                add(&name, kind);
            }
        }
    }
    Fields { named }
}

/// The first type that is not null; none where several are left.
fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
            kinds.next().filter(|_| kinds.next().is_none())
        }
        _ => None,
    }
}

impl Fields {
    /// Whether a property of this name is declared.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.kind(name).is_some()
    }

    fn kind(&self, name: &str) -> Option<&Kind> {
        self.named.iter().find(|(known, _)| **known == *name).map(|(_, kind)| kind)
    }

    /// An object from names and texts, in the forms that frameworks read: `a=1`, `a[]=1`, `a[b]=1`, `a.b=1` is one
    /// name. A name that stands twice and is no list is a list all the same, which its schema then refuses.
    pub(crate) fn read<'t>(
        &self,
        pairs: impl IntoIterator<Item = (&'t str, &'t str)>,
        reading: Reading,
    ) -> Value {
        let mut object = Map::new();
        for (name, text) in pairs {
            let (first, rest) = split(name);
            self.put(&mut object, first, &rest, text, reading);
        }
        Value::Object(object)
    }

    fn put(&self, object: &mut Map<String, Value>, name: &str, rest: &[&str], text: &str, reading: Reading) {
        let kind = self.kind(name).unwrap_or(&Kind::Scalar(Scalar::Text));
        match (kind, rest) {
            (Kind::Object(fields), [inner, deeper @ ..]) => {
                let entry = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(map) = entry {
                    fields.put(map, inner, deeper, text, reading);
                }
            }
            (Kind::Array(scalar), [] | [""]) => {
                let entry = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(items) = entry {
                    items.push(scalar.read(text, reading));
                }
            }
            (kind, []) => {
                let value = match kind {
                    Kind::Scalar(scalar) => scalar.read(text, reading),
                    // A structure in a text is JSON.
                    _ => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
                };
                match object.get_mut(name) {
                    None => drop(object.insert(name.to_owned(), value)),
                    Some(Value::Array(items)) => items.push(value),
                    Some(single) => *single = Value::Array(vec![single.take(), value]),
                }
            }
            // Brackets that the schema knows nothing of are part of the name.
            (_, rest) => {
                let whole = format!("{name}[{}]", rest.join("]["));
                object.insert(whole, text.into());
            }
        }
    }
}

/// `a[b][]` as `a` and `b`, ``.
fn split(name: &str) -> (&str, Vec<&str>) {
    match name.split_once('[') {
        Some((first, rest)) if !first.is_empty() => match rest.strip_suffix(']') {
            Some(inner) => (first, inner.split("][").collect()),
            None => (name, Vec::new()),
        },
        _ => (name, Vec::new()),
    }
}

impl Scalar {
    /// The typed value of a text; a text that is not of the type stays a text, which the validator then refuses.
    pub(crate) fn read(self, text: &str, reading: Reading) -> Value {
        let typed = match self {
            Scalar::Text => None,
            Scalar::Boolean => text.parse().ok().map(Value::Bool),
            Scalar::Integer => integer(text),
            Scalar::Number => number(text),
            Scalar::Any if reading == Reading::Text => None,
            Scalar::Any => integer(text)
                .or_else(|| number(text))
                .or_else(|| text.parse().ok().map(Value::Bool))
                .or_else(|| (text == "null").then_some(Value::Null)),
        };
        typed.unwrap_or_else(|| Value::String(text.to_owned()))
    }
}

fn integer(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).ok()
}

fn number(text: &str) -> Option<Value> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let number = text.parse().ok().filter(|_| plain && !text.starts_with('+'));
    number.and_then(Number::from_f64).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_become_objects_by_their_schema() {
        let root = json!({
            "P": { "type": "object", "properties": { "age": { "type": "integer" } } },
            "F": {
                "allOf": [{ "$ref": "#/P" }, { "properties": {
                    "tags": { "type": "array", "items": { "type": "integer" } },
                    "user": { "type": "object", "properties": { "name": { "type": "string" }, "vip": { "type": "boolean" } } },
                    "either": { "type": ["string", "integer"] },
                } }]
            }
        });
        let Kind::Object(fields) = Kind::of(&root, &root["F"]) else { panic!() };
        let read =
            |pairs: &[(&'static str, &'static str)], reading| fields.read(pairs.iter().copied(), reading);
        assert_eq!(
            read(
                &[
                    ("age", "7"),
                    ("tags[]", "1"),
                    ("tags[]", "2"),
                    ("user[name]", "8"),
                    ("user[vip]", "true"),
                    ("x", "1")
                ],
                Reading::Text
            ),
            json!({ "age": 7, "tags": [1, 2], "user": { "name": "8", "vip": true }, "x": "1" })
        );
        assert_eq!(read(&[("age", "7 OR 1=1")], Reading::Text), json!({ "age": "7 OR 1=1" }));
        assert_eq!(read(&[("age", "7"), ("age", "8")], Reading::Text), json!({ "age": [7, 8] }));
        assert_eq!(read(&[("either", "7")], Reading::Text), json!({ "either": "7" }));
        assert_eq!(read(&[("either", "7")], Reading::Literal), json!({ "either": 7 }));
        assert_eq!(read(&[("other[role]", "admin")], Reading::Text), json!({ "other[role]": "admin" }));
    }
}

//! XML bodies as the values that their schema describes (OpenAPI 3.1 §4.8.26).

use inputs::XmlElement;
use serde_json::{Map, Value};

use crate::shape::resolve;
use crate::text::{Kind, Reading, Scalar};

/// How a schema is written in XML.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum XmlKind {
    Scalar(Scalar),
    Array { item: Box<XmlKind>, item_name: Option<Box<str>>, wrapped: bool },
    Object(Vec<XmlField>),
}

/// A property, and what it is called in XML.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct XmlField {
    property: Box<str>,
    name: Box<str>,
    attribute: bool,
    kind: XmlKind,
}

/// How deep schemas are followed.
const MAX_DEPTH: usize = 8;

impl XmlKind {
    pub(crate) fn of(root: &Value, schema: &Value) -> XmlKind {
        kind(root, schema, 0)
    }

    /// The value of an element. What the schema does not know keeps its name, so that it is seen.
    pub(crate) fn read(&self, element: &XmlElement) -> Value {
        match self {
            XmlKind::Scalar(scalar) if element.children.is_empty() => {
                scalar.read(element.text.trim(), Reading::Text)
            }
            // An element where a text was declared: an object, which the schema then refuses.
            XmlKind::Scalar(_) => object(&[], element),
            XmlKind::Array { item, item_name, .. } => {
                let named =
                    |child: &&XmlElement| item_name.as_ref().is_none_or(|name| local(&child.name) == &**name);
                element.children.iter().filter(named).map(|child| item.read(child)).collect()
            }
            XmlKind::Object(fields) => object(fields, element),
        }
    }
}

fn object(fields: &[XmlField], element: &XmlElement) -> Value {
    let mut map = Map::new();
    for (name, text) in &element.attributes {
        // Names of namespaces and of schema instances are XML's own.
        if name == "xmlns" || name.starts_with("xmlns:") || name.starts_with("xsi:") {
            continue;
        }
        let field = fields.iter().find(|f| f.attribute && *f.name == *local(name));
        let (property, value) = match field {
            Some(XmlField { property, kind: XmlKind::Scalar(scalar), .. }) => {
                (&**property, scalar.read(text, Reading::Text))
            }
            _ => (local(name), Value::String(text.clone())),
        };
        put(&mut map, property, value, false);
    }
    for child in &element.children {
        let name = local(&child.name);
        let field = fields.iter().find(|f| !f.attribute && element_name(f) == name);
        match field {
            None => put(&mut map, name, XmlKind::Scalar(Scalar::Any).read(child), false),
            Some(XmlField { property, kind: XmlKind::Array { item, wrapped: false, .. }, .. }) => {
                put(&mut map, property, item.read(child), true);
            }
            Some(XmlField { property, kind, .. }) => put(&mut map, property, kind.read(child), false),
        }
    }
    Value::Object(map)
}

/// What an element of a property is called: an array that is not wrapped is written by its items.
fn element_name(field: &XmlField) -> &str {
    match &field.kind {
        XmlKind::Array { item_name: Some(name), wrapped: false, .. } => name,
        _ => &field.name,
    }
}

/// One value, or one more of a list. What stands twice and is no list becomes one, which its schema then refuses.
fn put(map: &mut Map<String, Value>, name: &str, value: Value, listed: bool) {
    match map.get_mut(name) {
        None if listed => drop(map.insert(name.to_owned(), Value::Array(vec![value]))),
        None => drop(map.insert(name.to_owned(), value)),
        Some(Value::Array(items)) => items.push(value),
        Some(single) => *single = Value::Array(vec![single.take(), value]),
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn kind(root: &Value, schema: &Value, depth: usize) -> XmlKind {
    let schema = resolve(root, schema);
    match Kind::of(root, schema) {
        _ if depth > MAX_DEPTH => XmlKind::Scalar(Scalar::Any),
        Kind::Scalar(scalar) => XmlKind::Scalar(scalar),
        Kind::Json => XmlKind::Scalar(Scalar::Any),
        Kind::Array(_) => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            XmlKind::Array {
                item: Box::new(kind(root, items, depth + 1)),
                item_name: hint(root, items, "name").and_then(Value::as_str).map(Into::into),
                wrapped: hint(root, schema, "wrapped") == Some(&Value::Bool(true)),
            }
        }
        Kind::Object(_) => XmlKind::Object(fields(root, schema, depth)),
    }
}

fn fields(root: &Value, schema: &Value, depth: usize) -> Vec<XmlField> {
    let schema = resolve(root, schema);
    let mut fields: Vec<XmlField> = Vec::new();
    if depth > MAX_DEPTH {
        return fields;
    }
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let kind = kind(root, property, depth + 1);
        fields.push(XmlField {
            property: name.as_str().into(),
            name: hint(root, property, "name").and_then(Value::as_str).unwrap_or(name).into(),
            attribute: hint(root, property, "attribute") == Some(&Value::Bool(true)),
            kind,
        });
    }
    let lists = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|key| schema.get(key)?.as_array());
    for part in lists.flatten() {
        for field in self::fields(root, part, depth + 1) {
            if !fields.iter().any(|known| known.property == field.property) {
                fields.push(field);
            }
        }
    }
    fields
}

/// A hint of the `xml` object, beside a reference or where it leads.
fn hint<'v>(root: &'v Value, schema: &'v Value, key: &str) -> Option<&'v Value> {
    let of = |schema: &'v Value| schema.get("xml").and_then(|xml| xml.get(key));
    of(schema).or_else(|| of(resolve(root, schema)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn element(name: &str, attributes: &[(&str, &str)], text: &str, children: Vec<XmlElement>) -> XmlElement {
        let attributes = attributes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        XmlElement { name: name.into(), attributes, text: text.into(), children }
    }

    #[test]
    fn a_document_becomes_the_value_that_its_schema_describes() {
        let root = json!({ "Book": { "type": "object", "xml": { "name": "book", "prefix": "b" }, "properties": {
            "id": { "type": "integer", "xml": { "attribute": true } },
            "title": { "type": "string" },
            "authors": { "type": "array", "xml": { "wrapped": true }, "items": { "type": "string", "xml": { "name": "author" } } },
            "tags": { "type": "array", "items": { "type": "string", "xml": { "name": "tag" } } },
            "meta": { "type": "object", "properties": { "pages": { "type": "integer", "xml": { "name": "page-count" } } } },
        } } });
        let kind = XmlKind::of(&root, &json!({ "$ref": "#/Book" }));
        let leaf = |name: &str, text: &str| element(name, &[], text, vec![]);
        let document = element(
            "b:book",
            &[("id", "7"), ("xmlns:b", "urn:b"), ("role", "admin")],
            "",
            vec![
                leaf("b:title", " Emma "),
                element("authors", &[], "", vec![leaf("author", "Jane"), leaf("author", "A.")]),
                leaf("tag", "x"),
                leaf("tag", "y"),
                element("meta", &[], "", vec![leaf("page-count", "300")]),
                leaf("admin", "true"),
            ],
        );
        assert_eq!(
            kind.read(&document),
            json!({ "id": 7, "role": "admin", "title": "Emma", "authors": ["Jane", "A."], "tags": ["x", "y"],
                    "meta": { "pages": 300 }, "admin": "true" })
        );
        let odd = element(
            "book",
            &[("id", "x")],
            "",
            vec![
                leaf("title", "a"),
                leaf("title", "b"),
                element("meta", &[], "", vec![leaf("page-count", "many")]),
            ],
        );
        assert_eq!(kind.read(&odd), json!({ "id": "x", "title": ["a", "b"], "meta": { "pages": "many" } }));
    }
}

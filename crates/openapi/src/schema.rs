//! Schemas as a reader of the document sees them: references followed, and what belongs together taken together.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// The most schemas that count as one: documents that go on after so many are broken.
const MAX_PARTS: usize = 256;

/// What a document says about a value.
///
/// A schema, the schema that its `$ref` leads to and those of its `allOf` are one: a value has to fulfil all of them
/// (JSON Schema 2020-12 core §8.2.3.1, §10.2.1.1). Of `oneOf` and `anyOf` the first alternative that is not null
/// belongs to it, too, so that all that is said holds for one and the same value. Circles end where they begin again;
/// a reference that leads nowhere says nothing.
///
/// ```
/// use openapi::{Document, Source};
///
/// let text = r##"
/// openapi: 3.1.0
/// info: { title: shop, version: '1' }
/// paths: {}
/// components:
///   schemas:
///     Thing: { type: object, properties: { id: { type: integer, readOnly: true } } }
///     Order:
///       allOf: [{ $ref: "#/components/schemas/Thing" }]
///       properties: { note: { type: [string, 'null'] } }
/// "##;
/// let document = Document::parse(&Source::new("api.yaml", text), None)?;
///
/// let order = document.schema("/components/schemas/Order");
/// let properties = order.properties();
/// let names: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
/// assert_eq!(order.kind(), Some("object"));
/// assert_eq!(names, ["note", "id"]);
/// assert_eq!(properties[0].1.kind(), Some("string"));
/// assert!(properties[1].1.is_read_only());
/// # Ok::<(), openapi::Problem>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schema<'d> {
    root: &'d Value,
    /// The nearest first.
    parts: Vec<&'d Map<String, Value>>,
}

impl<'d> Schema<'d> {
    /// A schema of a document.
    pub(crate) fn of(root: &'d Value, schema: &'d Value) -> Self {
        let mut all = Schema { root, parts: Vec::new() };
        all.add(schema);
        all
    }

    fn add(&mut self, schema: &'d Value) {
        let Value::Object(part) = schema else { return };
        if self.parts.len() >= MAX_PARTS || self.parts.iter().any(|known| std::ptr::eq(*known, part)) {
            return;
        }
        self.parts.push(part);
        let target = part.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        if let Some(target) = target.and_then(|pointer| self.root.pointer(pointer)) {
            self.add(target);
        }
        for schema in part.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.add(schema);
        }
        for keyword in ["oneOf", "anyOf"] {
            let alternatives = part.get(keyword).and_then(Value::as_array);
            if let Some(first) = alternatives.and_then(|list| list.iter().find(|schema| !is_null(schema))) {
                self.add(first);
            }
        }
    }

    /// What a keyword says; the nearest of the schemas that say it counts.
    pub fn keyword(&self, name: &str) -> Option<&'d Value> {
        self.parts.iter().find_map(|part| part.get(name))
    }

    /// The type of the value: the first of `type` that is not null, or what the other keywords are for.
    pub fn kind(&self) -> Option<&'d str> {
        let by_type = self.parts.iter().find_map(|part| match part.get("type")? {
            Value::String(kind) => Some(kind.as_str()),
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
            _ => None,
        });
        let has = |name| self.keyword(name).is_some();
        by_type.or_else(|| has("properties").then_some("object")).or_else(|| has("items").then_some("array"))
    }

    /// The `format` of the value.
    pub fn format(&self) -> Option<&'d str> {
        self.keyword("format").and_then(Value::as_str)
    }

    /// Whether the value is shown and may not be sent.
    pub fn is_read_only(&self) -> bool {
        self.parts.iter().any(|part| part.get("readOnly") == Some(&Value::Bool(true)))
    }

    /// A value that the document itself gives: an example, the default, the only value or the first of the possible
    /// ones that is not null.
    pub fn given(&self) -> Option<&'d Value> {
        let first = |name| {
            let values = self.keyword(name).and_then(Value::as_array);
            values.and_then(|values| values.iter().find(|value| !value.is_null()))
        };
        self.keyword("example")
            .or_else(|| first("examples"))
            .or_else(|| self.keyword("default"))
            .or_else(|| self.keyword("const"))
            .or_else(|| first("enum"))
    }

    /// The properties of an object, in the order of the document. One that several schemas declare is one property.
    pub fn properties(&self) -> Vec<(&'d str, Schema<'d>)> {
        let mut properties: Vec<(&'d str, Schema<'d>)> = Vec::new();
        let mut index: HashMap<&'d str, usize> = HashMap::new();
        for part in &self.parts {
            for (name, schema) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
                match index.get(name.as_str()).and_then(|at| properties.get_mut(*at)) {
                    Some((_, known)) => known.add(schema),
                    None => {
                        index.insert(name, properties.len());
                        properties.push((name, Schema::of(self.root, schema)));
                    }
                }
            }
        }
        properties
    }

    /// What the items of a list are.
    pub fn items(&self) -> Option<Schema<'d>> {
        Some(Schema::of(self.root, self.keyword("items")?))
    }
}

/// Whether a schema takes nothing but null.
fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(root: &Value, at: &str) -> Vec<String> {
        let schema = Schema::of(root, root.pointer(at).unwrap());
        schema.properties().iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    #[test]
    fn types_are_found_where_they_are_said() {
        let root = json!({ "Text": { "type": "string" }, "Name": { "$ref": "#/Text" } });
        for (schema, kind) in [
            (json!({ "type": "string" }), Some("string")),
            (json!({ "type": ["null", "string"] }), Some("string")),
            (json!({ "type": ["integer", "string"] }), Some("integer")),
            (json!({ "$ref": "#/Name" }), Some("string")),
            (json!({ "allOf": [{ "description": "a" }, { "$ref": "#/Name" }] }), Some("string")),
            (json!({ "anyOf": [{ "type": "null" }, { "type": "string" }] }), Some("string")),
            (json!({ "oneOf": [{ "$ref": "#/Text" }, { "type": "integer" }] }), Some("string")),
            (json!({ "properties": {} }), Some("object")),
            (json!({ "items": {} }), Some("array")),
            (json!({ "type": "null" }), Some("null")),
            (json!({ "type": ["null"] }), None),
            (json!({ "$ref": "#/Nowhere" }), None),
            (json!({ "$ref": "other.yaml#/Text" }), None),
            (json!({}), None),
            (json!(true), None),
        ] {
            assert_eq!(Schema::of(&root, &schema).kind(), kind, "{schema}");
        }
    }

    #[test]
    fn what_all_of_says_is_one_object() {
        let root = json!({
            "Id": { "type": "integer", "readOnly": true },
            "Thing": { "properties": { "id": { "$ref": "#/Id" }, "name": { "type": "string" } } },
            "Order": { "allOf": [{ "$ref": "#/Thing" }, { "allOf": [{ "properties": { "name": { "maxLength": 5 }, "price": {} } }] }],
                "properties": { "note": {} } },
            "Either": { "oneOf": [{ "type": "null" }, { "$ref": "#/Thing" }, { "properties": { "other": {} } }] },
        });
        assert_eq!(names(&root, "/Order"), ["note", "id", "name", "price"]);
        assert_eq!(names(&root, "/Either"), ["id", "name"]);
        let order = Schema::of(&root, &root["Order"]);
        let properties: HashMap<&str, Schema<'_>> = order.properties().into_iter().collect();
        assert!(properties["id"].is_read_only() && !properties["name"].is_read_only());
        assert_eq!(properties["name"].keyword("maxLength"), Some(&json!(5)));
        assert_eq!(properties["name"].kind(), Some("string"));
    }

    #[test]
    fn circles_end() {
        let root = json!({
            "Self": { "$ref": "#/Self" },
            "A": { "allOf": [{ "$ref": "#/B" }], "properties": { "a": { "$ref": "#/A" } } },
            "B": { "allOf": [{ "$ref": "#/A" }], "properties": { "b": { "$ref": "#/B" } } },
        });
        assert_eq!(Schema::of(&root, &root["Self"]).kind(), None);
        assert_eq!(names(&root, "/A"), ["a", "b"]);
        let mut inner = Schema::of(&root, &root["A"]);
        for _ in 0..100 {
            inner = inner.properties().swap_remove(0).1;
        }
        assert_eq!(inner.kind(), Some("object"));
    }

    #[test]
    fn chains_that_do_not_end_are_cut() {
        let chain: Map<String, Value> =
            (0..10_000).map(|i| (format!("S{i}"), json!({ "$ref": format!("#/S{}", i + 1) }))).collect();
        let root = Value::Object(chain);
        assert_eq!(Schema::of(&root, &root["S0"]).parts.len(), MAX_PARTS);
    }

    #[test]
    fn the_document_gives_values() {
        for (schema, given) in [
            (json!({ "default": 1, "example": 2 }), Some(json!(2))),
            (json!({ "default": 1, "examples": [3, 4] }), Some(json!(3))),
            (json!({ "default": 1, "enum": [5] }), Some(json!(1))),
            (json!({ "enum": [null, "a", "b"] }), Some(json!("a"))),
            (json!({ "const": "only" }), Some(json!("only"))),
            (json!({ "enum": [] }), None),
            (json!({ "type": "string" }), None),
        ] {
            assert_eq!(Schema::of(&json!({}), &schema).given().cloned(), given, "{schema}");
        }
    }

    #[test]
    fn lists_have_items() {
        let root = json!({ "Things": { "type": "array", "items": { "$ref": "#/Thing" } }, "Thing": { "properties": { "id": {} } } });
        let items = Schema::of(&root, &root["Things"]).items().unwrap();
        assert_eq!(items.properties().len(), 1);
        assert!(items.items().is_none());
    }
}

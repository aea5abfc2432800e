//! The surface as a GraphQL schema has it: each field of Query and Mutation is an operation, its arguments are the body.

use std::collections::HashMap;

use http::Method;
use serde_json::Value;

use super::cycle::{Cycle, Step};
use super::field::{Graphql, GraphqlKind};
use super::role::{Called, Role, role};
use super::shape::{ID, singular};
use super::{Body, BodyFormat, Endpoint, Field, Kind, Shape, Surface};

/// The deepest selection that is asked for.
const MAX_SELECTION_DEPTH: usize = 3;
/// The most fields of a selection.
const MAX_SELECTED: usize = 80;
/// The deepest nesting of input objects.
const MAX_INPUT_DEPTH: usize = 4;

/// The query that asks a server for its schema (GraphQL October 2021 §4).
pub(crate) const INTROSPECTION: &str = "query { __schema { queryType { name } mutationType { name } types { kind name \
    fields(includeDeprecated: true) { name description args { name type { ...T } defaultValue } type { ...T } } \
    inputFields { name type { ...T } defaultValue } enumValues { name } possibleTypes { name } } } } \
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }";

/// The types of a schema, by name, as introspection tells them.
struct Schema<'s> {
    types: HashMap<&'s str, &'s Value>,
}

impl Surface {
    /// The fields of a schema, as the answer to introspection (`data`, or the whole answer) has them, served at a path.
    /// `None` if it is no such answer.
    pub fn of_graphql(introspection: &Value, path: &str) -> Option<Self> {
        let whole = introspection.get("data").unwrap_or(introspection);
        let schema = whole.get("__schema")?;
        let types = schema.get("types")?.as_array()?;
        let types: HashMap<&str, &Value> =
            types.iter().filter_map(|entry| Some((entry.get("name")?.as_str()?, entry))).collect();
        let model = Schema { types };
        let mut endpoints = Vec::new();
        for (member, kind) in [("queryType", GraphqlKind::Query), ("mutationType", GraphqlKind::Mutation)] {
            let Some(root) = schema.pointer(&format!("/{member}/name")).and_then(Value::as_str) else {
                continue;
            };
            let fields = model.types.get(root).and_then(|root| root.get("fields")).and_then(Value::as_array);
            endpoints
                .extend(fields.into_iter().flatten().filter_map(|field| model.endpoint(field, kind, path)));
        }
        let query = schema.pointer("/queryType/name").and_then(Value::as_str).unwrap_or("");
        let steps: HashMap<&str, Vec<Step<'_>>> =
            model.types.iter().map(|(name, entry)| (*name, model.steps(entry, true))).collect();
        let roots = model.types.get(query).map(|root| model.steps(root, false)).unwrap_or_default();
        let cycles = Cycle::all(&roots, &steps);
        Some(Surface { endpoints, cycles, ..Surface::default() })
    }
}

impl<'s> Schema<'s> {
    /// The fields of a type that lead to objects; if they must be free, those that need no arguments.
    fn steps(&self, entry: &'s Value, must_be_free: bool) -> Vec<Step<'s>> {
        let fields = entry.get("fields").and_then(Value::as_array).into_iter().flatten();
        let step = |field: &'s Value| {
            let kind = field.get("type")?;
            let to = named(kind);
            let is_object = self.types.get(to).is_some_and(|entry| kind_of(entry) == "OBJECT");
            let is_free = !must_be_free || !needs_arguments(field);
            let name = field.get("name")?.as_str()?;
            (is_object && is_free).then(|| Step { name, to, is_list: written(kind).starts_with('[') })
        };
        fields.filter_map(step).collect()
    }

    fn endpoint(&self, field: &Value, kind: GraphqlKind, path: &str) -> Option<Endpoint> {
        let name = field.get("name")?.as_str()?.to_owned();
        let arguments = field.get("args").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let shape = self.object(arguments, MAX_INPUT_DEPTH);
        let output = named(field.get("type")?).to_owned();
        let mut budget = MAX_SELECTED;
        let selection = self.selection(&output, MAX_SELECTION_DEPTH, &mut budget);
        let arguments = arguments
            .iter()
            .filter_map(|argument| {
                Some((argument.get("name")?.as_str()?.to_owned(), written(argument.get("type")?)))
            })
            .collect();
        let role = match role(&Called {
            method: &Method::POST,
            path: &name,
            id: "",
            is_read: kind == GraphqlKind::Query,
            has_path_parameter: !shape.properties().is_empty(),
            body: Some(&shape),
        }) {
            // A mutation that is given a name and a password is one of these only if it is called so.
            Role::Destructive if kind == GraphqlKind::Query => Role::Ordinary,
            role => role,
        };
        Some(Endpoint {
            method: Method::POST,
            path: path.to_owned(),
            id: name.clone(),
            tags: Vec::new(),
            description: field.get("description").and_then(Value::as_str).unwrap_or("").to_owned(),
            parameters: Vec::new(),
            body: Some(Body { format: BodyFormat::Graphql, shape, is_required: true }),
            is_secured: false,
            scopes: Vec::new(),
            response: None,
            is_page: false,
            role,
            graphql: Some(Graphql { name, kind, arguments, selection, output }),
        })
    }

    /// An object of arguments, or of the fields of an input.
    fn object(&self, entries: &[Value], depth: usize) -> Shape {
        let field = |entry: &Value| {
            let kind = entry.get("type")?;
            let default = entry.get("defaultValue").filter(|value| !value.is_null());
            let mut shape = self.input(kind, depth);
            if let Some(text) = default.and_then(Value::as_str) {
                shape.given = serde_json::from_str(text).ok().or(shape.given);
            }
            Some(Field {
                name: entry.get("name")?.as_str()?.to_owned(),
                is_required: kind_of(kind) == "NON_NULL" && default.is_none(),
                is_read_only: false,
                shape,
            })
        };
        Shape { kind: Kind::Object(entries.iter().filter_map(field).collect()), ..Shape::default() }
    }

    fn input(&self, kind: &Value, depth: usize) -> Shape {
        let of_type = || kind.get("ofType").map_or_else(Shape::default, |inner| self.input(inner, depth));
        let of = |kind| Shape { kind, ..Shape::default() };
        match (kind_of(kind), named(kind)) {
            ("NON_NULL", _) => of_type(),
            ("LIST", _) => of(Kind::List(Box::new(of_type()))),
            ("ENUM", name) => {
                let values = self.types.get(name).and_then(|entry| entry.get("enumValues"));
                let values = values.and_then(Value::as_array).into_iter().flatten();
                let values: Vec<Value> = values.filter_map(|value| value.get("name")).cloned().collect();
                let given = values.first().cloned();
                Shape { kind: Kind::Text, given, values, is_closed: true, ..Shape::default() }
            }
            ("INPUT_OBJECT", name) if depth > 0 => {
                let fields = self.types.get(name).and_then(|entry| entry.get("inputFields"));
                self.object(fields.and_then(Value::as_array).map_or(&[][..], Vec::as_slice), depth - 1)
            }
            (_, "Int") => of(Kind::Integer),
            (_, "Float") => of(Kind::Number),
            (_, "Boolean") => of(Kind::Boolean),
            (_, "ID") => Shape { format: Some(ID.into()), ..Shape::text() },
            _ => Shape::text(),
        }
    }

    /// What is asked for of a type: its scalars, and those of the objects within.
    fn selection(&self, name: &str, depth: usize, budget: &mut usize) -> String {
        let Some(entry) = self.types.get(name) else { return String::new() };
        match kind_of(entry) {
            "OBJECT" => self.fields(entry, depth, budget).unwrap_or_else(|| "{ __typename }".into()),
            "INTERFACE" | "UNION" => {
                let possible = entry.get("possibleTypes").and_then(Value::as_array).into_iter().flatten();
                let mut parts = vec!["__typename".to_owned()];
                for name in possible.filter_map(|entry| entry.get("name")?.as_str()) {
                    let fields = self.types.get(name).and_then(|entry| self.fields(entry, depth, budget));
                    parts.extend(fields.map(|fields| format!("... on {name} {fields}")));
                }
                format!("{{ {} }}", parts.join(" "))
            }
            _ => String::new(),
        }
    }

    fn fields(&self, entry: &Value, depth: usize, budget: &mut usize) -> Option<String> {
        let mut parts = Vec::new();
        let (mut scalars, mut objects) = (Vec::new(), Vec::new());
        for field in entry.get("fields").and_then(Value::as_array).into_iter().flatten() {
            let (Some(name), Some(kind)) = (field.get("name").and_then(Value::as_str), field.get("type"))
            else {
                continue;
            };
            if needs_arguments(field) {
                continue;
            }
            let inner = self.types.get(named(kind)).map_or("", |entry| kind_of(entry));
            match inner {
                "OBJECT" | "INTERFACE" | "UNION" => objects.push((name, named(kind))),
                _ => scalars.push(name),
            }
        }
        for name in scalars {
            if *budget > 0 {
                *budget -= 1;
                parts.push(name.to_owned());
            }
        }
        if depth > 1 {
            for (name, kind) in objects {
                let selection = self.selection(kind, depth - 1, budget);
                if *budget > 0 && !selection.is_empty() {
                    *budget -= 1;
                    parts.push(format!("{name} {selection}"));
                }
            }
        }
        (!parts.is_empty()).then(|| format!("{{ {} }}", parts.join(" ")))
    }
}

/// Whether a field must be given arguments.
fn needs_arguments(field: &Value) -> bool {
    let arguments = field.get("args").and_then(Value::as_array).into_iter().flatten();
    let is_needed = |argument: &Value| {
        let default = argument.get("defaultValue").is_some_and(|value| !value.is_null());
        argument.get("type").is_some_and(|kind| kind_of(kind) == "NON_NULL") && !default
    };
    arguments.into_iter().any(is_needed)
}

fn kind_of(kind: &Value) -> &str {
    kind.get("kind").and_then(Value::as_str).unwrap_or("")
}

/// The name within the lists and the exclamation marks.
fn named(kind: &Value) -> &str {
    match kind.get("ofType").filter(|inner| !inner.is_null()) {
        Some(inner) => named(inner),
        None => kind.get("name").and_then(Value::as_str).unwrap_or(""),
    }
}

/// A type as it is written: `[ID!]!`.
fn written(kind: &Value) -> String {
    let inner = || kind.get("ofType").map(written).unwrap_or_default();
    match kind_of(kind) {
        "NON_NULL" => format!("{}!", inner()),
        "LIST" => format!("[{}]", inner()),
        _ => named(kind).to_owned(),
    }
}

/// The same noun, for one: `notes` and `note` are about one collection.
pub(crate) fn is_about(one: &str, other: &str) -> bool {
    let (one, other) = (super::shape::fold(one), super::shape::fold(other));
    one == other || singular(&one) == singular(&other)
}

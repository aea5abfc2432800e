//! A GraphQL schema as a file has it, in the words of introspection.

use async_graphql_parser::parse_schema;
use async_graphql_parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use serde_json::{Value, json};

use super::Surface;

/// Why a text is no GraphQL schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a GraphQL schema: {0}")]
pub struct GraphqlSchemaError(String);

impl Surface {
    /// The fields of a schema in its definition language (GraphQL October 2021 §3), served at a path.
    ///
    /// # Errors
    /// When the text cannot be parsed, or has no Query.
    pub fn of_graphql_schema(text: &str, path: &str) -> Result<Self, GraphqlSchemaError> {
        let document = parse_schema(text).map_err(|error| GraphqlSchemaError(error.to_string()))?;
        let mut types: Vec<Value> = Vec::new();
        let (mut query, mut mutation) = ("Query".to_owned(), "Mutation".to_owned());
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => {
                    let name = |name: Option<async_graphql_parser::Positioned<_>>, otherwise: String| {
                        name.map_or(
                            otherwise,
                            |name: async_graphql_parser::Positioned<async_graphql_value::Name>| {
                                name.node.to_string()
                            },
                        )
                    };
                    query = name(schema.node.query, query);
                    mutation = name(schema.node.mutation, mutation);
                }
                TypeSystemDefinition::Type(definition) => {
                    let name = definition.node.name.node.to_string();
                    let (mut entry, fields, implements) = entry(&name, definition.node.kind);
                    for interface in implements {
                        let is_it = |known: &&mut Value| known["name"] == interface.as_str();
                        match types.iter_mut().find(is_it) {
                            Some(known) => push(known, "possibleTypes", json!({ "name": name })),
                            None => {
                                types.push(json!({ "name": interface, "possibleTypes": [{ "name": name }] }))
                            }
                        }
                    }
                    match types.iter_mut().find(|known| known["name"] == name.as_str()) {
                        // An extension, or an interface that was named before it was declared.
                        Some(known) => {
                            fields.into_iter().for_each(|field| push(known, "fields", field));
                            if let (None, Some(kind)) = (known.get("kind"), entry.get("kind")) {
                                set(known, "kind", kind.clone());
                            }
                        }
                        None => {
                            if !fields.is_empty() {
                                set(&mut entry, "fields", fields.into());
                            }
                            types.push(entry);
                        }
                    }
                }
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        let kinds: Vec<(String, Value)> = types
            .iter()
            .filter_map(|entry| Some((entry["name"].as_str()?.to_owned(), entry.get("kind")?.clone())))
            .collect();
        types.iter_mut().for_each(|entry| name_kinds(entry, &kinds));
        let schema = json!({ "__schema": { "queryType": { "name": query }, "mutationType": { "name": mutation }, "types": types } });
        let surface = Surface::of_graphql(&schema, path).filter(|surface| !surface.endpoints.is_empty());
        surface.ok_or_else(|| GraphqlSchemaError("it has no Query".into()))
    }
}

/// A type without its fields, its fields, and the interfaces that it implements.
fn entry(name: &str, kind: TypeKind) -> (Value, Vec<Value>, Vec<String>) {
    let texts = |names: Vec<async_graphql_parser::Positioned<async_graphql_value::Name>>| -> Vec<String> {
        names.into_iter().map(|name| name.node.to_string()).collect()
    };
    match kind {
        TypeKind::Scalar => (json!({ "kind": "SCALAR", "name": name }), Vec::new(), Vec::new()),
        TypeKind::Object(object) => {
            let fields = object.fields.into_iter().map(|field| output(field.node)).collect();
            (json!({ "kind": "OBJECT", "name": name }), fields, texts(object.implements))
        }
        TypeKind::Interface(interface) => {
            let fields = interface.fields.into_iter().map(|field| output(field.node)).collect();
            (json!({ "kind": "INTERFACE", "name": name }), fields, Vec::new())
        }
        TypeKind::Union(union) => {
            let possible: Vec<Value> =
                texts(union.members).into_iter().map(|name| json!({ "name": name })).collect();
            (json!({ "kind": "UNION", "name": name, "possibleTypes": possible }), Vec::new(), Vec::new())
        }
        TypeKind::Enum(values) => {
            let values: Vec<Value> =
                values.values.iter().map(|value| json!({ "name": value.node.value.node.as_str() })).collect();
            (json!({ "kind": "ENUM", "name": name, "enumValues": values }), Vec::new(), Vec::new())
        }
        TypeKind::InputObject(object) => {
            let fields: Vec<Value> = object.fields.into_iter().map(|field| input(field.node)).collect();
            (json!({ "kind": "INPUT_OBJECT", "name": name, "inputFields": fields }), Vec::new(), Vec::new())
        }
    }
}

fn output(field: FieldDefinition) -> Value {
    let arguments: Vec<Value> = field.arguments.into_iter().map(|argument| input(argument.node)).collect();
    let description = field.description.map(|text| text.node);
    json!({ "name": field.name.node.as_str(), "description": description, "args": arguments, "type": written(&field.ty.node) })
}

fn input(value: InputValueDefinition) -> Value {
    let default = value.default_value.map(|value| value.node.to_string());
    json!({ "name": value.name.node.as_str(), "type": written(&value.ty.node), "defaultValue": default })
}

fn written(kind: &Type) -> Value {
    let inner = match &kind.base {
        BaseType::Named(name) => json!({ "kind": "", "name": name.as_str() }),
        BaseType::List(inner) => json!({ "kind": "LIST", "ofType": written(inner) }),
    };
    if kind.nullable { inner } else { json!({ "kind": "NON_NULL", "ofType": inner }) }
}

fn set(entry: &mut Value, member: &str, value: Value) {
    if let Value::Object(members) = entry {
        members.insert(member.to_owned(), value);
    }
}

fn push(entry: &mut Value, member: &str, value: Value) {
    if let Value::Object(members) = entry {
        match members.entry(member).or_insert_with(|| json!([])) {
            Value::Array(list) => list.push(value),
            other => *other = json!([value]),
        }
    }
}

/// Says of every named type of which kind it is, as introspection does.
fn name_kinds(value: &mut Value, kinds: &[(String, Value)]) {
    match value {
        Value::Object(members) => {
            if members.get("kind").and_then(Value::as_str) == Some("") {
                let name = members.get("name").and_then(Value::as_str).unwrap_or("").to_owned();
                let kind = kinds.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind.clone());
                members.insert("kind".into(), kind.unwrap_or_else(|| "SCALAR".into()));
            }
            members.values_mut().for_each(|member| name_kinds(member, kinds));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| name_kinds(item, kinds)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_read_from_its_text() {
        let text = "schema { query: Root } interface Node { id: ID! } enum Role { USER ADMIN } \
            type Note implements Node { id: ID! text: String! } input New { text: String! role: Role = USER } \
            type Root { node(id: ID!): Node notes(search: String): [Note!]! } type Mutation { addNote(input: New!): Note } \
            extend type Root { me: Note }";
        let surface = Surface::of_graphql_schema(text, "/graphql").unwrap();
        let names: Vec<String> = surface.endpoints.iter().map(super::super::Endpoint::name).collect();
        assert_eq!(names, ["query node", "query notes", "query me", "mutation addNote"]);
        let fields: Vec<_> =
            surface.endpoints.iter().map(|endpoint| endpoint.graphql.clone().unwrap()).collect();
        assert_eq!(fields[0].selection, "{ __typename ... on Note { id text } }");
        assert_eq!(fields[3].arguments, [("input".to_owned(), "New!".to_owned())]);
        let leaves = surface.endpoints[3].body.as_ref().unwrap().shape.leaves();
        assert_eq!(
            leaves.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(),
            ["/input/text", "/input/role"]
        );
        assert!(Surface::of_graphql_schema("type {", "/").is_err());
        assert!(Surface::of_graphql_schema("type A { b: Int }", "/").is_err());
    }
}

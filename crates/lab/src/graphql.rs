//! The shop's GraphQL endpoint: the same orders. Vulnerable: it lacks the owner check of the REST route.

use async_graphql_parser::parse_query;
use async_graphql_parser::types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet};
use async_graphql_value::{ConstValue, Name};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::orders::{self, Scope};
use crate::shop::{Shop, ShopError};
use crate::token::Claims;
use crate::users;
use crate::version::Version;

/// How deep selections may nest.
const MAX_DEPTH: usize = 8;

#[derive(Deserialize)]
pub(crate) struct Request {
    query: String,
    #[serde(default)]
    variables: Map<String, Value>,
}

pub(crate) async fn execute(
    State(shop): State<Shop>,
    claims: Claims,
    Json(request): Json<Request>,
) -> Result<Json<Value>, ShopError> {
    let failed = |message: &str| Ok(Json(json!({ "data": null, "errors": [{ "message": message }] })));
    if request.query.bytes().filter(|byte| b"{[(".contains(byte)).count() > 100 {
        return failed("the document is too complex");
    }
    let document = match parse_query(&request.query) {
        Ok(document) => document,
        Err(error) => return failed(&error.to_string()),
    };
    let Some((_, operation)) = document.operations.iter().next() else {
        return failed("there is no operation");
    };
    if operation.node.ty != OperationType::Query {
        return failed("there are only queries");
    }
    let run = Run { shop: &shop, claims: &claims, document: &document, variables: &request.variables };
    let mut data = Map::new();
    run.root(&operation.node.selection_set.node, &mut data)?;
    Ok(Json(json!({ "data": data })))
}

struct Run<'r> {
    shop: &'r Shop,
    claims: &'r Claims,
    document: &'r ExecutableDocument,
    variables: &'r Map<String, Value>,
}

impl Run<'_> {
    /// The fields of `Query`: `me`, `orders`, `order(id: Int!)`.
    fn root(&self, set: &SelectionSet, data: &mut Map<String, Value>) -> Result<(), ShopError> {
        for field in self.fields(set, 0) {
            let scope = match self.shop.version {
                Version::Vulnerable => Scope::Everyone,
                Version::Hardened => Scope::User(self.claims.id()),
            };
            let found = match field.name.node.as_str() {
                "me" => users::find(self.shop, self.claims.id())?.unwrap_or(Value::Null),
                "orders" => Value::Array(orders::all(self.shop, Scope::User(self.claims.id()))?),
                "order" => match self.argument(field, "id") {
                    Some(id) => orders::find(self.shop, id, scope)?.unwrap_or(Value::Null),
                    None => Value::Null,
                },
                _ => Value::Null,
            };
            data.insert(field.response_key().node.to_string(), self.select(&found, field));
        }
        Ok(())
    }

    /// The selected fields of an object, or of each object of a list.
    fn select(&self, value: &Value, field: &Field) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.select(item, field)).collect(),
            Value::Object(map) => {
                let fields = self.fields(&field.selection_set.node, 0);
                let one = |field: &Field| {
                    let value = map.get(field.name.node.as_str()).cloned().unwrap_or(Value::Null);
                    (field.response_key().node.to_string(), value)
                };
                Value::Object(fields.into_iter().map(one).collect())
            }
            other => other.clone(),
        }
    }

    /// The fields of a selection, with its fragments expanded.
    fn fields<'s>(&'s self, set: &'s SelectionSet, depth: usize) -> Vec<&'s Field> {
        let mut fields = Vec::new();
        if depth > MAX_DEPTH {
            return fields;
        }
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => fields.push(&field.node),
                Selection::InlineFragment(inline) => {
                    fields.extend(self.fields(&inline.node.selection_set.node, depth + 1));
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        fields.extend(self.fields(&fragment.node.selection_set.node, depth + 1));
                    }
                }
            }
        }
        fields
    }

    fn argument(&self, field: &Field, name: &str) -> Option<i64> {
        let value = field.get_argument(name)?.node.clone();
        let variable = |name: Name| {
            let given = self.variables.get(name.as_str()).cloned().unwrap_or(Value::Null);
            ConstValue::from_json(given)
        };
        match value.into_const_with(variable).ok()?.into_json().ok()? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }
}

//! Requests to GraphQL as they stand, and what is in the answers.

use http::Method;
use serde_json::{Map, Value, json};

use crate::answer::Reply;
use crate::probe::Probe;
use crate::prober::{Prober, Stop};
use crate::request::Draft;
use crate::surface::Graphql;
use crate::who::Who;

/// Where GraphQL is served, with the number of one of its operations.
pub(super) fn served_at<'p>(p: &Prober<'p>) -> Option<(usize, &'p str)> {
    let mut endpoints = p.surface.endpoints.iter().enumerate();
    endpoints
        .find(|(_, endpoint)| endpoint.graphql.is_some())
        .map(|(at, endpoint)| (at, endpoint.path.as_str()))
}

/// Sends a body to GraphQL as it stands. `None` where there is no GraphQL.
pub(super) async fn ask(p: &Prober<'_>, body: &Value, who: Who) -> Result<Option<Reply>, Stop> {
    let Some((at, path)) = served_at(p) else { return Ok(None) };
    Ok(Some(p.ask_as(Draft::empty(at), Probe::json(Method::POST, path, body), who).await?))
}

/// Sends a query.
pub(super) async fn ask_query(p: &Prober<'_>, query: &str, who: Who) -> Result<Option<Reply>, Stop> {
    ask(p, &json!({ "query": query }), who).await
}

/// The data of an answer, if it has no errors.
pub(super) fn data(reply: &Reply) -> Option<Value> {
    let whole = reply.answer.json()?;
    let has_errors = whole.get("errors").is_some_and(|errors| !errors.is_null());
    whole.get("data").filter(|data| data.is_object() && !has_errors).cloned()
}

/// A request for one field many times, under as many names, each with arguments of its own.
pub(super) fn aliased(field: &Graphql, all: &[Map<String, Value>]) -> Value {
    let selection = if field.selection.is_empty() { "" } else { "{ __typename }" };
    let (mut declared, mut fields, mut variables) = (Vec::new(), Vec::new(), Map::new());
    for (nth, arguments) in all.iter().enumerate() {
        let mut passed = Vec::new();
        for (name, kind) in field.arguments.iter().filter(|(name, _)| arguments.contains_key(name)) {
            declared.push(format!("${name}{nth}: {kind}"));
            passed.push(format!("{name}: ${name}{nth}"));
            variables.insert(format!("{name}{nth}"), arguments.get(name).cloned().unwrap_or_default());
        }
        let passed = if passed.is_empty() { String::new() } else { format!("({})", passed.join(", ")) };
        fields.push(format!("a{nth}: {}{passed} {selection}", field.name));
    }
    let declared = if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
    let query = format!("{} {declared} {{ {} }}", field.kind.word(), fields.join(" "));
    json!({ "query": query, "variables": variables })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::GraphqlKind;

    #[test]
    fn a_field_is_asked_for_under_many_names() {
        let field = Graphql {
            name: "book".into(),
            kind: GraphqlKind::Query,
            arguments: vec![("id".into(), "ID!".into())],
            selection: "{ id title }".into(),
            output: "Book".into(),
        };
        let one = |id: u64| Map::from_iter([("id".to_owned(), Value::from(id))]);
        let request = aliased(&field, &[one(1), one(2)]);
        assert_eq!(
            request["query"],
            "query ($id0: ID!, $id1: ID!) { a0: book(id: $id0) { __typename } a1: book(id: $id1) { __typename } }"
        );
        assert_eq!(request["variables"], json!({ "id0": 1, "id1": 2 }));
        assert_eq!(aliased(&field, &[Map::new()])["query"], "query  { a0: book { __typename } }");
    }
}

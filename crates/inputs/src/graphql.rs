//! GraphQL requests: the arguments of fields, variables filled in, wherever a request may carry them.

use std::borrow::Cow;

use async_graphql_parser::parse_query;
use async_graphql_parser::types::{Field, OperationDefinition, Selection, SelectionSet};
use async_graphql_value::{ConstValue, Name};
use serde_json::{Map, Value};

use super::body::ParsedBody;
use super::graphql_path::GraphqlPath;
use super::pairs::pairs;

/// How deep braces, brackets and parentheses of a document may nest before anybody parses it.
const MAX_NESTING: usize = 64;

/// Operations times fragments of one document.
const MAX_WALKS: usize = 10_000;

/// The most string literals of one request.
const MAX_LITERALS: usize = 1000;

/// The string literals in the GraphQL documents of a body, unescaped: they are values as variables are.
pub fn literals(parsed: &ParsedBody, raw: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    match parsed {
        ParsedBody::Json(value) => {
            let batch = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let documents = batch.iter().filter_map(|request| request.get("query")?.as_str());
            documents.for_each(|text| literals_of(text, &mut all));
        }
        ParsedBody::Form(fields) => {
            let documents = fields.iter().filter(|(name, _)| name == "query");
            documents.for_each(|(_, text)| literals_of(text, &mut all));
        }
        ParsedBody::Text => literals_of(&String::from_utf8_lossy(raw), &mut all),
        _ => {}
    }
    all
}

/// The literals of one text, if it is a GraphQL document.
fn literals_of(text: &str, all: &mut Vec<String>) {
    const STARTS: [&str; 6] = ["{", "query", "mutation", "subscription", "fragment", "#"];
    let text = text.trim_start_matches(['\u{feff}', ',', ' ', '\t', '\r', '\n']);
    if !text.contains('{') || !STARTS.iter().any(|start| text.starts_with(start)) {
        return;
    }
    let mut rest = text;
    while let Some(at) = rest.find(['"', '#']).filter(|_| all.len() < MAX_LITERALS) {
        rest = rest.get(at..).unwrap_or_default();
        if rest.starts_with('#') {
            rest = rest.find(['\n', '\r']).and_then(|end| rest.get(end..)).unwrap_or_default();
        } else if let Some(block) = rest.strip_prefix("\"\"\"") {
            let mut end = 0;
            let close = loop {
                let Some(found) = block.get(end..).and_then(|left| left.find("\"\"\"")) else {
                    break block.len();
                };
                if !block.get(..end + found).unwrap_or_default().ends_with('\\') {
                    break end + found;
                }
                end += found + 3;
            };
            all.push(block.get(..close).unwrap_or_default().replace("\\\"\"\"", "\"\"\""));
            rest = block.get(close + 3..).unwrap_or_default();
        } else {
            let string = rest.get(1..).unwrap_or_default();
            let mut escaped = false;
            let is_end = |c: char| {
                let ends = !escaped && matches!(c, '"' | '\n' | '\r');
                escaped = !escaped && c == '\\';
                ends
            };
            let end = string.find(is_end).unwrap_or(string.len());
            let literal = string.get(..end).unwrap_or_default();
            // Escapes are JSON's (GraphQL §2.9.4).
            all.push(serde_json::from_str(&format!("\"{literal}\"")).unwrap_or_else(|_| literal.to_owned()));
            rest = string.get(end + 1..).unwrap_or_default();
        }
    }
}

/// A document with its variables.
struct Request<'r> {
    text: Cow<'r, str>,
    variables: Cow<'r, Value>,
}

/// Calls `found` with each value of an argument in the GraphQL of a request, from query and body. `None` when there is
/// something in it that cannot be read as GraphQL: what it would do is not known.
pub fn arguments(
    query: &str,
    parsed: Option<(&ParsedBody, &[u8])>,
    path: &GraphqlPath,
    found: &mut dyn FnMut(&Value),
) -> Option<()> {
    let mut requests = Vec::new();
    let from_query: Vec<_> = pairs(query.as_bytes()).collect();
    named(from_query.iter().map(|(name, value)| (&**name, &**value)), &mut requests)?;
    match parsed {
        None | Some((ParsedBody::Empty, _)) => {}
        Some((ParsedBody::Json(value), _)) => json(value, &mut requests)?,
        Some((ParsedBody::Form(fields), _)) => {
            let before = requests.len();
            named(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())), &mut requests)?;
            (requests.len() > before).then_some(())?;
        }
        // The multipart form of GraphQL requests: `operations` is what would be the body, files are apart.
        Some((ParsedBody::Multipart(parts), _)) => {
            let operations = parts.iter().find(|part| part.name == "operations")?;
            let value: Value = serde_json::from_slice(&operations.content).ok()?;
            for request in owned(value)? {
                walk(&request, path, found)?;
            }
        }
        // `application/graphql`: the document itself.
        Some((ParsedBody::Text, text)) => requests.push(Request {
            text: std::str::from_utf8(text).ok()?.into(),
            variables: Cow::Owned(Value::Null),
        }),
        Some((ParsedBody::Xml(_) | ParsedBody::Binary, _)) => return None,
    }
    requests.iter().try_for_each(|request| walk(request, path, found))
}

/// `query` and `variables` by name. Nothing when there is no `query`.
fn named<'r>(
    pairs: impl Iterator<Item = (&'r str, &'r str)> + Clone,
    requests: &mut Vec<Request<'r>>,
) -> Option<()> {
    let all = |name: &'static str| pairs.clone().filter(move |(key, _)| *key == name).map(|(_, value)| value);
    let mut documents = all("query");
    let Some(text) = documents.next() else {
        // A stored document is named by its id or hash; what it asks for cannot be seen.
        return all("extensions").next().is_none().then_some(());
    };
    let mut variables = all("variables");
    let value = match variables.next() {
        Some(text) if !text.is_empty() => serde_json::from_str(text).ok()?,
        _ => Value::Null,
    };
    // Two of a name are two readings.
    (documents.next().is_none() && variables.next().is_none()).then_some(())?;
    requests.push(Request { text: text.into(), variables: Cow::Owned(value) });
    Some(())
}

fn json<'r>(value: &'r Value, requests: &mut Vec<Request<'r>>) -> Option<()> {
    let batch = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    for request in batch {
        let text = request.get("query")?.as_str()?;
        let variables = request.get("variables").map_or(Cow::Owned(Value::Null), Cow::Borrowed);
        requests.push(Request { text: text.into(), variables });
    }
    Some(())
}

fn owned(value: Value) -> Option<Vec<Request<'static>>> {
    let mut requests = Vec::new();
    json(&value, &mut requests)?;
    let own = |r: Request<'_>| Request {
        text: Cow::Owned(r.text.into_owned()),
        variables: Cow::Owned(r.variables.into_owned()),
    };
    Some(requests.into_iter().map(own).collect())
}

fn walk(request: &Request<'_>, path: &GraphqlPath, found: &mut dyn FnMut(&Value)) -> Option<()> {
    if nesting(&request.text) > MAX_NESTING {
        return None;
    }
    let document = parse_query(&*request.text).ok()?;
    // Each fragment is walked with the variables of each operation.
    if document.operations.iter().len().saturating_mul(document.fragments.len()) > MAX_WALKS {
        return None;
    }
    let mut walk = Walk { variables: request.variables.as_object(), path, found };
    // Whichever operation is named: fragments and other operations only add to what is compared.
    for (_, operation) in document.operations.iter() {
        walk.selections(&operation.node.selection_set.node, Some(&operation.node))?;
    }
    for fragment in document.fragments.values() {
        let operations: Vec<_> = document.operations.iter().map(|(_, operation)| &operation.node).collect();
        if operations.is_empty() {
            walk.selections(&fragment.node.selection_set.node, None)?;
        }
        for operation in operations {
            walk.selections(&fragment.node.selection_set.node, Some(operation))?;
        }
    }
    Some(())
}

/// The deepest nesting of brackets of any kind. What stands in strings counts, too: that is rare, and on the safe side.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

struct Walk<'w> {
    variables: Option<&'w Map<String, Value>>,
    path: &'w GraphqlPath,
    found: &'w mut dyn FnMut(&Value),
}

impl Walk<'_> {
    fn selections(&mut self, set: &SelectionSet, operation: Option<&OperationDefinition>) -> Option<()> {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    self.field(&field.node, operation)?;
                    self.selections(&field.node.selection_set.node, operation)?;
                }
                Selection::InlineFragment(fragment) => {
                    self.selections(&fragment.node.selection_set.node, operation)?;
                }
                // Fragments are walked by themselves, which is safe where they spread each other in circles.
                Selection::FragmentSpread(_) => {}
            }
        }
        Some(())
    }

    fn field(&mut self, field: &Field, operation: Option<&OperationDefinition>) -> Option<()> {
        if !self.path.is_of_field(&field.name.node) {
            return Some(());
        }
        for (name, value) in &field.arguments {
            if name.node.as_str() != self.path.argument() {
                continue;
            }
            let constant = value
                .node
                .clone()
                .into_const_with(|name| Ok::<_, ()>(self.variable(&name, operation)))
                .ok()?;
            let value = constant.into_json().ok()?;
            members(&value, self.path.members(), self.found);
        }
        Some(())
    }

    fn variable(&self, name: &Name, operation: Option<&OperationDefinition>) -> ConstValue {
        let given = self.variables.and_then(|variables| variables.get(name.as_str()));
        if let Some(value) = given.and_then(|value| ConstValue::from_json(value.clone()).ok()) {
            return value;
        }
        let defined = operation
            .and_then(|operation| operation.variable_definitions.iter().find(|v| v.node.name.node == *name));
        let default = defined.and_then(|defined| defined.node.default_value.as_ref());
        default.map_or(ConstValue::Null, |value| value.node.clone())
    }
}

/// The members of a value at a path of names; lists are walked item by item.
fn members(value: &Value, names: &[Box<str>], found: &mut dyn FnMut(&Value)) {
    match (value, names.split_first()) {
        (Value::Array(items), _) => items.iter().for_each(|item| members(item, names, found)),
        (value, None) => found(value),
        (Value::Object(map), Some((first, rest))) => {
            if let Some(value) = map.get(&**first) {
                members(value, rest, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(path: &str, body: Value) -> Option<Vec<String>> {
        let path: GraphqlPath = path.parse().unwrap();
        let mut texts = Vec::new();
        arguments("", Some((&ParsedBody::Json(body), b"")), &path, &mut |v| texts.push(v.to_string()))
            .map(|()| texts)
    }

    #[test]
    fn arguments_are_found_wherever_they_stand() {
        for (path, document, variables, expected) in [
            ("order.id", "{ order(id: 7) { id } }", json!(null), &["7"][..]),
            ("order.id", "{ a: order(id: 7) { id } b: order(id: 8) { id } }", json!(null), &["7", "8"]),
            ("order.id", "query($x: ID!) { order(id: $x) { id } }", json!({ "x": "9" }), &["\"9\""]),
            ("order.id", "query($x: ID = 5) { order(id: $x) { id } }", json!({}), &["5"]),
            ("order.id", "{ me { ...f } } fragment f on User { order(id: 3) { id } }", json!(null), &["3"]),
            ("order.id", "{ me { ... on User { order(id: 3) { id } } } }", json!(null), &["3"]),
            ("order.id", "{ orders(id: 3) { id } order(ids: 4) { id } }", json!(null), &[]),
            ("*.userId", "{ a(userId: 1) { x } b { c(userId: 2) } }", json!(null), &["1", "2"]),
            (
                "save.input.lines.id",
                "mutation($i: In) { save(input: $i) { ok } }",
                json!({ "i": { "lines": [{ "id": 1 }, { "id": 2 }] } }),
                &["1", "2"],
            ),
            (
                "save.input.id",
                "mutation($i: ID) { save(input: { id: $i }) { ok } }",
                json!({ "i": 4 }),
                &["4"],
            ),
            ("order.id", "{ order(id: \"\\u0037\") { id } }", json!(null), &["\"7\""]),
            (
                "order.id",
                "query A { order(id: 1) { id } } query B { order(id: 2) { id } }",
                json!(null),
                &["1", "2"],
            ),
        ] {
            let mut found = ids(path, json!({ "query": document, "variables": variables })).unwrap();
            found.sort();
            assert_eq!(found, expected, "{document}");
        }
        let batch = json!([{ "query": "{ order(id: 1) { id } }" }, { "query": "{ order(id: 2) { id } }" }]);
        assert_eq!(ids("order.id", batch).unwrap(), ["1", "2"]);
    }

    #[test]
    fn what_cannot_be_read_is_not_waved_through() {
        for body in [
            json!({ "query": "{ order(id: 7 { id } }" }),
            json!({ "extensions": { "persistedQuery": { "sha256Hash": "00" } } }),
            json!({ "id": "stored-query" }),
            json!({ "query": ["{ order(id: 7) { id } }"] }),
            json!(["{ order(id: 7) { id } }"]),
            json!({ "query": "{a".repeat(70) + &"}".repeat(70) }),
            json!({ "query": (0..200).map(|i| format!("query a{i}{{x}} fragment b{i} on Y{{z}} ")).collect::<String>() }),
        ] {
            assert_eq!(ids("order.id", body.clone()), None, "{body}");
        }
    }
}

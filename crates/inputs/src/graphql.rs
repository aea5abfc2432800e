//! GraphQL requests: the arguments of fields, variables filled in, wherever a request may carry them.

use std::borrow::Cow;

use async_graphql_parser::parse_query;
use async_graphql_parser::types::{Field, OperationDefinition, Selection, SelectionSet};
use async_graphql_value::{ConstValue, Name};
use serde_json::{Map, Value};

use super::body::ParsedBody;
use super::graphql_path::GraphqlPath;
use super::graphql_uploads::{is_replaced, operations};
use super::json::parse_json;
use super::limits::StructureLimits;
use super::names::is_same_name;
use super::pairs::pairs;

/// How deep braces, brackets and parentheses of a document may nest before anybody parses it.
const MAX_NESTING: usize = 64;

/// Fields of one request that are walked: each fragment is, with the variables of each operation.
const MAX_FIELDS: usize = 20_000;

/// Of JSON inside a request for GraphQL.
const LIMITS: StructureLimits = StructureLimits { depth: MAX_NESTING, members: 10_000 };

/// The most string literals of one request.
const MAX_LITERALS: usize = 1000;

/// The string literals in the GraphQL documents of a body, unescaped, with the names of the arguments before them: they
/// are values as variables are.
pub fn literals(parsed: &ParsedBody, raw: &[u8]) -> Vec<(String, String)> {
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
        ParsedBody::Multipart(parts) => {
            for part in parts.iter().filter(|part| part.name == "operations") {
                if let Ok(value) = parse_json(&part.content, LIMITS) {
                    all.extend(literals(&ParsedBody::Json(value), b""));
                }
            }
        }
        ParsedBody::Text => literals_of(&String::from_utf8_lossy(raw), &mut all),
        _ => {}
    }
    all
}

/// The literals of one text, if it is a GraphQL document.
fn literals_of(text: &str, all: &mut Vec<(String, String)>) {
    const STARTS: [&str; 6] = ["{", "query", "mutation", "subscription", "fragment", "#"];
    let text = text.trim_start_matches(['\u{feff}', ',', ' ', '\t', '\r', '\n']);
    if !text.contains('{') || !STARTS.iter().any(|start| text.starts_with(start)) {
        return;
    }
    let mut rest = text;
    while let Some(at) = rest.find(['"', '#']).filter(|_| all.len() < MAX_LITERALS) {
        let name = name_before(rest.get(..at).unwrap_or_default());
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
            let literal = block.get(..close).unwrap_or_default().replace("\\\"\"\"", "\"\"\"");
            all.push((name.to_owned(), literal));
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
            let unescaped = serde_json::from_str(&format!("\"{literal}\""));
            all.push((name.to_owned(), unescaped.unwrap_or_else(|_| literal.to_owned())));
            rest = string.get(end + 1..).unwrap_or_default();
        }
    }
}

/// The name of the argument whose value follows a text; empty where there is none.
fn name_before(text: &str) -> &str {
    let Some(before) = text.trim_end().strip_suffix(':').map(str::trim_end) else { return "" };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    before.rsplit(|c| !is_name(c)).next().unwrap_or_default()
}

/// The documents of a request, and the variables of all its places: servers merge those of the URL and of the body.
#[derive(Default)]
struct Requests<'r> {
    documents: Vec<Cow<'r, str>>,
    variables: Vec<Map<String, Value>>,
}

/// Calls `found` with each value of an argument in the GraphQL of a request, from query and body. `None` when there is
/// something in it that cannot be read as GraphQL: what it would do is not known.
pub fn arguments(
    query: &str,
    parsed: Option<(&ParsedBody, &[u8])>,
    path: &GraphqlPath,
    found: &mut dyn FnMut(&Value),
) -> Option<()> {
    let mut requests = Requests::default();
    let from_query: Vec<_> = pairs(query.as_bytes()).collect();
    requests.named(from_query.iter().map(|(name, value)| (&**name, &**value)))?;
    match parsed {
        None | Some((ParsedBody::Empty, _)) => {}
        Some((ParsedBody::Json(value), _)) => requests.json(value)?,
        Some((ParsedBody::Form(fields), _)) => {
            let before = requests.documents.len();
            requests.named(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
            (requests.documents.len() > before).then_some(())?;
        }
        Some((ParsedBody::Multipart(parts), _)) => requests.json(&operations(parts, LIMITS)?)?,
        // `application/graphql`: the document itself.
        Some((ParsedBody::Text, text)) => {
            requests.documents.push(std::str::from_utf8(text).ok()?.into());
        }
        Some((ParsedBody::Mixed(_) | ParsedBody::Xml(_) | ParsedBody::Grpc(_) | ParsedBody::Binary, _)) => {
            return None;
        }
    }
    let mut fields = MAX_FIELDS;
    let documents = std::mem::take(&mut requests.documents);
    documents.iter().try_for_each(|text| walk(text, &requests.variables, path, &mut fields, found))
}

impl<'r> Requests<'r> {
    /// `query` and `variables` by name. Nothing when there is no `query` and no variables.
    fn named(&mut self, pairs: impl Iterator<Item = (&'r str, &'r str)> + Clone) -> Option<()> {
        let all =
            |name: &'static str| pairs.clone().filter(move |(key, _)| *key == name).map(|(_, value)| value);
        let (mut documents, mut variables) = (all("query"), all("variables"));
        // A stored document is named by its id or hash; what it asks for cannot be seen.
        let document = documents.next();
        if document.is_none() && all("extensions").next().is_some() {
            return None;
        }
        self.documents.extend(document.map(Cow::Borrowed));
        if let Some(text) = variables.next().filter(|text| !text.is_empty()) {
            self.add(&parse_json(text.as_bytes(), LIMITS).ok()?)?;
        }
        // Two of a name are two readings.
        (documents.next().is_none() && variables.next().is_none()).then_some(())
    }

    fn json(&mut self, value: &Value) -> Option<()> {
        let batch = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        // The one document may stand in the URL.
        let is_in_url = !self.documents.is_empty() && batch.len() == 1;
        for request in batch {
            // Readers that mind no case (Go's encoding/json) take the last of them.
            let is_disguised = |name: &String| {
                ["query", "variables", "extensions"]
                    .iter()
                    .any(|known| name != known && is_same_name(name, known))
            };
            if request.as_object().is_some_and(|members| members.keys().any(is_disguised)) {
                return None;
            }
            match request.get("query") {
                Some(text) => self.documents.push(Cow::Owned(text.as_str()?.to_owned())),
                None if is_in_url && request.get("extensions").is_none() => {}
                None => return None,
            }
            if let Some(variables) = request.get("variables") {
                self.add(variables)?;
            }
        }
        Some(())
    }

    /// Adds variables, which may be JSON in a string.
    fn add(&mut self, variables: &Value) -> Option<()> {
        match variables {
            Value::Null => {}
            Value::Object(map) => self.variables.push(map.clone()),
            Value::String(text) if text.trim().is_empty() => {}
            Value::String(text) => match parse_json(text.as_bytes(), LIMITS).ok()? {
                Value::Object(map) => self.variables.push(map),
                Value::Null => {}
                _ => return None,
            },
            _ => return None,
        }
        Some(())
    }
}

fn walk(
    text: &str,
    variables: &[Map<String, Value>],
    path: &GraphqlPath,
    fields: &mut usize,
    found: &mut dyn FnMut(&Value),
) -> Option<()> {
    if nesting(text) > MAX_NESTING {
        return None;
    }
    let document = parse_query(text).ok()?;
    let mut walk = Walk { variables, path, fields, found };
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
    variables: &'w [Map<String, Value>],
    path: &'w GraphqlPath,
    fields: &'w mut usize,
    found: &'w mut dyn FnMut(&Value),
}

impl Walk<'_> {
    fn selections(&mut self, set: &SelectionSet, operation: Option<&OperationDefinition>) -> Option<()> {
        for selection in &set.items {
            *self.fields = self.fields.checked_sub(1)?;
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
            // Each place may have another value of a variable.
            for nth in 0..self.variables.len().max(1) {
                let constant = value
                    .node
                    .clone()
                    .into_const_with(|name| self.variable(&name, nth, operation).ok_or(()))
                    .ok();
                if let Some(constant) = constant {
                    members(&constant.into_json().ok()?, self.path.members(), self.found)?;
                } else if !self.is_filled_elsewhere(&value.node, operation) {
                    return None;
                }
            }
        }
        Some(())
    }

    /// Whether the variables of some place fill a value.
    fn is_filled_elsewhere(
        &self,
        value: &async_graphql_value::Value,
        operation: Option<&OperationDefinition>,
    ) -> bool {
        (0..self.variables.len()).any(|nth| {
            value.clone().into_const_with(|name| self.variable(&name, nth, operation).ok_or(())).is_ok()
        })
    }

    /// A variable of one place, or its default. `None` when it is found nowhere: what the server would do is not known.
    fn variable(
        &self,
        name: &Name,
        nth: usize,
        operation: Option<&OperationDefinition>,
    ) -> Option<ConstValue> {
        let given = self.variables.get(nth).and_then(|variables| variables.get(name.as_str()));
        if let Some(value) = given {
            return ConstValue::from_json(value.clone()).ok();
        }
        let defined = operation.and_then(|operation| {
            operation.variable_definitions.iter().find(|v| v.node.name.node == *name)
        })?;
        defined.node.default_value.as_ref().map(|value| value.node.clone())
    }
}

/// The members of a value at a path of names; lists are walked item by item. `None` where a part of the request takes the
/// place of a value.
fn members(value: &Value, names: &[Box<str>], found: &mut dyn FnMut(&Value)) -> Option<()> {
    if is_replaced(value) {
        return None;
    }
    match (value, names.split_first()) {
        (Value::Array(items), _) => return items.iter().try_for_each(|item| members(item, names, found)),
        (value, None) => found(value),
        (Value::Object(map), Some((first, rest))) => {
            if let Some(value) = map.get(&**first) {
                return members(value, rest, found);
            }
        }
        _ => {}
    }
    Some(())
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
    fn variables_are_found_wherever_they_stand() {
        let of = |query: &str, body: Option<ParsedBody>| {
            let path: GraphqlPath = "order.id".parse().unwrap();
            let mut texts = Vec::new();
            arguments(query, body.as_ref().map(|body| (body, &b""[..])), &path, &mut |v| {
                texts.push(v.to_string())
            })
            .map(|()| texts)
        };
        const DOCUMENT: &str = "query($x: ID!) { order(id: $x) { id } }";
        let url = form_urlencoded::Serializer::new(String::new())
            .append_pair("query", DOCUMENT)
            .append_pair("variables", r#"{"x":"1"}"#)
            .finish();
        let variables = url.split_once('&').unwrap().1;
        let body = |value: Value| Some(ParsedBody::Json(value));
        for (query, body, expected) in [
            (url.as_str(), None, Some(&["\"1\""][..])),
            ("", body(json!({ "query": DOCUMENT, "variables": "{\"x\":\"1\"}" })), Some(&["\"1\""])),
            (variables, body(json!({ "query": DOCUMENT })), Some(&["\"1\""])),
            (variables, body(json!({ "query": DOCUMENT, "variables": { "x": 2 } })), Some(&["\"1\"", "2"])),
            (url.split_once('&').unwrap().0, body(json!({ "variables": { "x": 2 } })), Some(&["2"])),
            ("", body(json!({ "query": DOCUMENT })), None),
            ("", body(json!({ "query": DOCUMENT, "variables": "{" })), None),
            ("", body(json!([{ "query": DOCUMENT, "variables": { "x": 2 } }, { "id": "stored" }])), None),
        ] {
            let found = of(query, body.clone());
            assert_eq!(
                found.as_deref(),
                expected.map(|e| e.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>()).as_deref(),
                "{query} {body:?}"
            );
        }
    }

    #[test]
    fn literals_are_values() {
        for (document, expected) in [
            ("{ a(b: \"x \\\"y\\\" \\u0027\") { c } }", &["b=x \"y\" '"][..]),
            (
                "# \"no\"\nquery { a(b: \"\"\"block \"q\" \\\"\"\" end\"\"\", c: \"d\") }",
                &["b=block \"q\" \"\"\" end", "c=d"],
            ),
            ("{ a(b: \"\") { c } }", &["b="]),
            ("{ a(b : [\"x\", \"y\"]) { c } }", &["=x", "=y"]),
            ("{ a(b: \"open", &["b=open"]),
            ("a \"text\" { in braces }", &[]),
        ] {
            let body = ParsedBody::Json(json!({ "query": document }));
            let found = literals(&body, b"");
            let found: Vec<String> = found.iter().map(|(name, text)| format!("{name}={text}")).collect();
            assert_eq!(found, expected, "{document}");
        }
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

//! GraphQL requests: the arguments of fields, variables filled in, wherever a request may carry them.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Value};

use super::body::ParsedBody;
use super::graphql_document::{Field, Operation, Selection, Value as Literal, WORK, read};
use super::graphql_literals::LIMITS;
pub use super::graphql_literals::{literals, literals_of_query, maps_elsewhere};
use super::graphql_path::GraphqlPath;
pub use super::graphql_stored::{Stored, stored};
use super::graphql_uploads::{is_replaced, operations};
use super::json::parse_json;
use super::names::is_same_name;
use super::pairs::pairs;

/// How deep braces, brackets and parentheses of a document may nest.
const MAX_NESTING: usize = 64;

/// What is walked of one request: its fields, each fragment with the variables of each operation, and the values of
/// arguments, in each place that fills their variables in.
const MAX_WORK: usize = 20_000;

/// What names a stored document, whose text cannot be seen.
const STORED: [&str; 6] = ["extensions", "documentId", "docId", "queryId", "persistedQuery", "hash"];

/// The documents of a request, and the variables of all its places: servers merge those of the URL and of the body.
#[derive(Default)]
struct Requests<'r> {
    documents: Vec<Cow<'r, str>>,
    variables: Vec<Map<String, Value>>,
    /// Whether there is an `id`, which is a stored document's where there is no other.
    has_id: bool,
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
    // Values for a document that cannot be seen.
    if requests.documents.is_empty() && (!requests.variables.is_empty() || requests.has_id) {
        return None;
    }
    let left = Cell::new(Some(MAX_WORK));
    requests.documents.iter().try_for_each(|text| walk(text, &requests.variables, path, &left, found))
}

impl<'r> Requests<'r> {
    /// `query` and `variables` by name. Nothing when there is no `query` and no variables.
    fn named(&mut self, pairs: impl Iterator<Item = (&'r str, &'r str)> + Clone) -> Option<()> {
        let all =
            |name: &'static str| pairs.clone().filter(move |(key, _)| *key == name).map(|(_, value)| value);
        let (mut documents, mut variables) = (all("query"), all("variables"));
        // A stored document is named by its id or hash; what it asks for cannot be seen.
        let document = documents.next();
        if document.is_none() && pairs.clone().any(|(name, _)| is_stored(name)) {
            return None;
        }
        self.has_id |= pairs.clone().any(|(name, _)| is_same_name(name, "id"));
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
                None if is_in_url && !names_stored(request) => {}
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

/// Whether a name is that of a stored document.
fn is_stored(name: &str) -> bool {
    STORED.iter().any(|stored| is_same_name(name, stored))
}

/// Whether a request in JSON names a stored document.
fn names_stored(request: &Value) -> bool {
    let is_name = |name: &String| is_stored(name) || is_same_name(name, "id");
    request.as_object().is_none_or(|members| members.keys().any(is_name))
}

fn walk(
    text: &str,
    variables: &[Map<String, Value>],
    path: &GraphqlPath,
    left: &Cell<Option<usize>>,
    found: &mut dyn FnMut(&Value),
) -> Option<()> {
    let document = read(text, MAX_NESTING, &mut WORK.clone()).ok()?;
    let mut walk = Walk { variables, path, left, found };
    // Whichever operation is named: fragments and other operations only add to what is compared.
    for operation in &document.operations {
        walk.selections(&operation.selections, Some(operation))?;
    }
    for fragment in document.fragments.values() {
        if document.operations.is_empty() {
            walk.selections(fragment, None)?;
        }
        for operation in &document.operations {
            walk.selections(fragment, Some(operation))?;
        }
    }
    Some(())
}

struct Walk<'w> {
    variables: &'w [Map<String, Value>],
    path: &'w GraphqlPath,
    left: &'w Cell<Option<usize>>,
    found: &'w mut dyn FnMut(&Value),
}

impl Walk<'_> {
    fn selections(&mut self, set: &[Selection<'_>], operation: Option<&Operation<'_>>) -> Option<()> {
        for selection in set {
            self.spend(1)?;
            match selection {
                Selection::Field(field) => {
                    self.field(field, operation)?;
                    self.selections(&field.selections, operation)?;
                }
                Selection::Inline(selections) => self.selections(selections, operation)?,
                // Fragments are walked by themselves, which is safe where they spread each other in circles.
                Selection::Spread(_) => {}
            }
        }
        Some(())
    }

    fn field(&mut self, field: &Field<'_>, operation: Option<&Operation<'_>>) -> Option<()> {
        if !self.path.is_of_field(field.name) {
            return Some(());
        }
        let named = field.arguments.iter().filter(|(name, _)| *name == self.path.argument());
        named.map(|(_, value)| value).try_for_each(|value| self.argument(value, operation))
    }

    /// The value of an argument in each place that may fill its variables in.
    fn argument(&mut self, value: &Literal<'_>, operation: Option<&Operation<'_>>) -> Option<()> {
        let own = weight(value);
        if value.is_constant() {
            self.spend(own)?;
            return members(&value.filled(&mut |_| None)?, self.path.members(), self.found);
        }
        let (mut is_filled, mut is_open) = (false, false);
        for nth in 0..self.variables.len().max(1) {
            self.spend(own)?;
            match value.filled(&mut |name| self.variable(name, nth, operation)) {
                Some(constant) => {
                    members(&constant, self.path.members(), self.found)?;
                    is_filled = true;
                }
                None => is_open = true,
            }
        }
        // What was too much is not open.
        self.left.get()?;
        (is_filled || !is_open).then_some(())
    }

    /// Counts work; `None` where it is too much.
    fn spend(&self, work: usize) -> Option<()> {
        self.left.set(self.left.get().and_then(|left| left.checked_sub(work)));
        self.left.get().map(|_| ())
    }

    /// A variable of one place, or its default. `None` when it is found nowhere: what the server would do is not known.
    fn variable(&self, name: &str, nth: usize, operation: Option<&Operation<'_>>) -> Option<Value> {
        let given = self.variables.get(nth).and_then(|variables| variables.get(name));
        if let Some(value) = given {
            self.spend(weight_of_json(value))?;
            return Some(value.clone());
        }
        let default = operation?.variables.get(name)?.as_ref()?;
        self.spend(weight(default))?;
        default.filled(&mut |_| None)
    }
}

/// How much work a value is: its items, and the length of its texts.
fn weight(value: &Literal<'_>) -> usize {
    match value {
        Literal::Variable(_) => 1,
        Literal::Plain(value) => weight_of_json(value),
        Literal::List(items) => items.iter().map(weight).fold(1, usize::saturating_add),
        Literal::Object(members) => {
            members.iter().map(|(_, value)| weight(value)).fold(1, usize::saturating_add)
        }
    }
}

/// The same for a value of JSON.
fn weight_of_json(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / TEXT,
        Value::Array(items) => items.iter().map(weight_of_json).fold(1, usize::saturating_add),
        Value::Object(map) => map.values().map(weight_of_json).fold(1, usize::saturating_add),
        _ => 1,
    }
}

/// Bytes of text that are as much work as an item.
const TEXT: usize = 64;

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
    fn stored_documents_are_not_waved_through() {
        let of = |query: &str, body: Option<Value>| {
            let path: GraphqlPath = "order.id".parse().unwrap();
            let body = body.map(ParsedBody::Json);
            arguments(query, body.as_ref().map(|body| (body, &b""[..])), &path, &mut |_| {}).is_some()
        };
        let a = || Some(json!({ "query": "{a}" }));
        for (query, body, is_seen) in [
            ("documentId=abc&variables={\"i\":\"2\"}", None, false),
            ("doc_id=abc", None, false),
            ("document_id=abc", None, false),
            ("queryId=abc", None, false),
            ("id=abc", None, false),
            ("extensions={}", None, false),
            ("variables={\"i\":\"2\"}", None, false),
            ("documentId=abc", a(), false),
            ("query={a}", Some(json!({ "documentId": "abc", "variables": { "i": "2" } })), false),
            ("query={a}", Some(json!({ "id": "abc" })), false),
            ("", Some(json!({ "documentId": "abc" })), false),
            // A page, its address, and documents.
            ("", None, true),
            ("tab=1", None, true),
            ("id=7", a(), true),
            ("query={a}", None, true),
            ("", Some(json!({ "query": "{a}", "extensions": {}, "operationName": null })), true),
        ] {
            assert_eq!(of(query, body.clone()), is_seen, "{query} {body:?}");
        }
    }

    /// Fields, places of variables and items of a value are counted together: none of them multiplies another.
    #[test]
    fn work_is_bounded() {
        let count = |body: Value| {
            let mut count = 0;
            let path: GraphqlPath = "order.id".parse().unwrap();
            let parsed = ParsedBody::Json(body);
            let read = arguments("", Some((&parsed, b"")), &path, &mut |_| count += 1);
            (count, read.is_some())
        };
        let aliases = |n: usize, id: &str| (0..n).map(|i| format!("a{i}:order(id:{id})")).collect::<String>();
        let batch = |document: String, n: usize| {
            let mut all = vec![json!({ "query": document })];
            all.extend((0..n).map(|i| json!({ "query": "{a}", "variables": { "i": i } })));
            Value::Array(all)
        };
        let with_variable = |n: usize| format!("query($i:ID){{{}}}", aliases(n, "$i"));
        assert_eq!(count(batch(format!("{{{}}}", aliases(1000, "1")), 1000)), (1000, true));
        assert_eq!(count(batch(with_variable(50), 50)), (2500, true));
        for body in [
            batch(with_variable(1000), 1000),
            json!({ "query": with_variable(400), "variables": { "i": vec!["1"; 5000] } }),
            json!({ "query": with_variable(400), "variables": { "i": "1".repeat(500_000) } }),
            json!({ "query": format!("query($i:ID){{order(id:[{}])}}", "$i ".repeat(400)), "variables": { "i": vec!["1"; 5000] } }),
            batch(format!("query($i:ID){{order(id:[$i {}])}}", "1 ".repeat(5000)), 1000),
            batch(format!("query($j:ID=[{}]){{order(id:$j)}}", "1 ".repeat(5000)), 1000),
        ] {
            let (count, is_read) = count(body);
            assert!(count <= MAX_WORK && !is_read, "{count}");
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

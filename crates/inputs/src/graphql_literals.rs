//! The texts of GraphQL in a request: where documents stand, their string literals, and variables that stand as JSON in a text.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::body::ParsedBody;
use super::graphql_document::may_be_document;
use super::graphql_lexer::{Dialect, Token, block_value, tokens, unescaped};
use super::json::parse_json;
use super::limits::StructureLimits;
use super::loose_json;
use super::multipart::Part;
use super::names::is_same_name;
use super::pairs::pairs;

/// Of JSON inside a request for GraphQL.
pub(super) const LIMITS: StructureLimits = StructureLimits { depth: 64, members: 10_000 };

/// The most string literals of one request.
const MAX_LITERALS: usize = 1000;

/// The values in the GraphQL of a body that are no values of the body by themselves, with their names: string literals of
/// documents, and variables that stand as JSON in a text.
pub fn literals(parsed: &ParsedBody, raw: &[u8]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    documents(parsed, raw, &mut |text| literals_of(text, &mut all));
    match parsed {
        ParsedBody::Json(value) => variables_of_json(value, &mut all),
        ParsedBody::Form(fields) => {
            variables_of(
                fields.iter().map(|(name, text)| (name.as_str(), Cow::Borrowed(text.as_str()))),
                &mut all,
            );
        }
        ParsedBody::Multipart(parts) => {
            let text = |part: &Part| String::from_utf8_lossy(&part.content).into_owned();
            variables_of(parts.iter().map(|part| (part.name.as_str(), Cow::Owned(text(part)))), &mut all);
        }
        _ => {}
    }
    all
}

/// The same for the query of a URL.
pub fn literals_of_query(query: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    // A document has braces, and so have variables.
    if !query.contains('{') && !query.contains("%7B") && !query.contains("%7b") {
        return all;
    }
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = pairs(query.as_bytes()).collect();
    pairs
        .iter()
        .filter(|(name, _)| is_same_name(name, "query"))
        .for_each(|(_, text)| literals_of(text, &mut all));
    variables_of(pairs.iter().map(|(name, text)| (&**name, Cow::Borrowed(&**text))), &mut all);
    all
}

/// The texts in `variables`, and in the requests of `operations`, which are JSON.
fn variables_of<'p>(pairs: impl Iterator<Item = (&'p str, Cow<'p, str>)>, all: &mut Vec<(String, String)>) {
    for (name, text) in pairs {
        if is_same_name(name, "variables") || is_same_name(name, "operations") {
            values_of_text(&text).iter().for_each(|value| texts_of(name, value, all));
        }
    }
}

/// The same where variables of JSON are JSON in a text.
fn variables_of_json(value: &Value, all: &mut Vec<(String, String)>) {
    let requests = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    for (name, value) in requests.iter().filter_map(Value::as_object).flatten() {
        if let Value::String(text) = value
            && is_same_name(name, "variables")
        {
            values_of_text(text).iter().for_each(|value| texts_of(name, value, all));
        }
    }
}

/// Every text in a value, with the name of its member. Documents are no values.
fn texts_of(name: &str, value: &Value, all: &mut Vec<(String, String)>) {
    let mut left = vec![(name, value)];
    while let Some((name, value)) = left.pop() {
        if all.len() >= MAX_LITERALS {
            return;
        }
        match value {
            Value::String(text) if !is_same_name(name, "query") => all.push((name.to_owned(), text.clone())),
            Value::Array(items) => left.extend(items.iter().map(|item| (name, item))),
            Value::Object(members) => left.extend(members.iter().map(|(name, value)| (name.as_str(), value))),
            _ => {}
        }
    }
}

/// The values of JSON in a text, as lenient readers see it.
pub(super) fn values_of_text(text: &str) -> Vec<Value> {
    match parse_json(text.as_bytes(), LIMITS) {
        Ok(value) => vec![value],
        Err(_) => {
            let all =
                |values: Result<loose_json::Values, _>| values.map(|values| values.all).unwrap_or_default();
            let mut found = all(loose_json::values(text, LIMITS));
            if text.contains('\r') {
                found.extend(all(loose_json::values_by_line_feeds(text, LIMITS)));
            }
            found
        }
    }
}

/// Calls `found` with every text of a body that some server reads as a GraphQL document; says how many requests stand in it.
pub(super) fn documents(parsed: &ParsedBody, raw: &[u8], found: &mut dyn FnMut(&str)) -> usize {
    match parsed {
        ParsedBody::Json(value) => documents_of_json(value, found),
        ParsedBody::Form(fields) => {
            let named = fields.iter().filter(|(name, _)| is_same_name(name, "query"));
            let named: Vec<&str> = named.map(|(_, text)| text.as_str()).collect();
            // Some servers take the whole for the document, as it came or with its escapes undone (gqlgen).
            let text = String::from_utf8_lossy(raw);
            let text = text.strip_prefix("query=").unwrap_or(&text);
            let plain = unescaped_form(text);
            let whole = [text, if plain == text { "" } else { &plain }];
            let other = whole.into_iter().filter(|text| !named.contains(text) && may_be_document(text));
            named.iter().copied().chain(other).for_each(found);
            1
        }
        // The form with files has the body of any other request as a field.
        ParsedBody::Multipart(parts) => {
            let mut requests = 1;
            let mapped = mapped_elsewhere(parts);
            for part in parts {
                let text = String::from_utf8_lossy(&part.content);
                if is_same_name(&part.name, "operations") {
                    requests = requests.max(documents_of_text(&text, found));
                } else if is_same_name(&part.name, "query") || mapped.contains(&part.name) {
                    found(&text);
                }
            }
            requests
        }
        ParsedBody::Text => {
            let text = String::from_utf8_lossy(raw);
            found(&text);
            if text.contains('%') {
                found(&unescaped_form(&text));
            }
            1
        }
        _ => 1,
    }
}

/// Whether `map` among some parts puts one where a document may stand.
pub fn maps_elsewhere(parts: &[Part]) -> bool {
    !mapped_elsewhere(parts).is_empty()
}

/// The names of the parts that `map` puts anywhere but into variables: some servers put them where the document stands.
fn mapped_elsewhere(parts: &[Part]) -> HashSet<String> {
    let is_of_variables = |path: &str| {
        let mut names = path.split('.').skip_while(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        names.next().is_some_and(|name| is_same_name(name, "variables"))
    };
    let is_elsewhere = |places: &Value| {
        let several = places.as_array().map_or(std::slice::from_ref(places), Vec::as_slice);
        several.iter().any(|place| !place.as_str().is_some_and(is_of_variables))
    };
    let maps = parts.iter().filter(|part| is_same_name(&part.name, "map"));
    let maps = maps.flat_map(|part| values_of_text(&String::from_utf8_lossy(&part.content)));
    let mut names = HashSet::new();
    for map in maps {
        let Value::Object(map) = map else { continue };
        names.extend(map.into_iter().filter(|(_, places)| is_elsewhere(places)).map(|(name, _)| name));
    }
    names
}

/// A text with the escapes of a form undone.
fn unescaped_form(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The same for JSON in a text, as lenient readers see it.
fn documents_of_text(text: &str, found: &mut dyn FnMut(&str)) -> usize {
    values_of_text(text).iter().map(|value| documents_of_json(value, found)).sum::<usize>().max(1)
}

/// The same for a value: the request, or each of a list.
fn documents_of_json(value: &Value, found: &mut dyn FnMut(&str)) -> usize {
    let all = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    for (name, value) in all.iter().filter_map(Value::as_object).flatten() {
        if is_same_name(name, "query") {
            // Of several values of the name, some server reads each.
            let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            several.iter().filter_map(Value::as_str).for_each(&mut *found);
        }
    }
    all.len()
}

/// The literals of one text, if it is a GraphQL document. One in which servers read others is refused as a whole.
fn literals_of(text: &str, all: &mut Vec<(String, String)>) {
    if !may_be_document(text) {
        return;
    }
    // The name of the argument whose value comes next.
    let (mut name, mut is_named) = ("", false);
    for token in tokens(text, Dialect::default()) {
        if all.len() >= MAX_LITERALS {
            break;
        }
        let named = if is_named { name } else { "" };
        match token {
            Token::Text(content) | Token::Unended(content) => {
                all.push((named.to_owned(), unescaped(content).into_owned()));
            }
            Token::Block(content) => all.push((named.to_owned(), block_value(content))),
            _ => {}
        }
        is_named = token == Token::Sign(b':') && !name.is_empty();
        if let Token::Name(found) = token {
            name = found;
        } else if !is_named {
            name = "";
        }
    }
}

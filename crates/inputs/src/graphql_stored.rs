//! Documents that a request only names: by the hash under which the server keeps them (automatic persisted queries).

use serde_json::Value;

use super::body::ParsedBody;
use super::graphql_literals::values_of_text;
use super::names::is_same_name;
use super::pairs::pairs;

/// Requests of a batch that are looked at.
const MOST: usize = 1000;

/// The hashes of stored documents that a request names, one for each of its requests that does: in `extensions` of the URL, of
/// the body, of a form, or of `operations`. In lower case.
pub fn stored_hashes(query: &str, parsed: Option<(&ParsedBody, &[u8])>) -> Vec<String> {
    let mut found = Vec::new();
    let mut named = |name: &str, text: &str| match name {
        _ if is_same_name(name, "extensions") => {
            values_of_text(text).iter().for_each(|value| hash_of(value, &mut found));
        }
        _ if is_same_name(name, "operations") => {
            values_of_text(text).iter().for_each(|value| of_requests(value, &mut found));
        }
        _ => {}
    };
    pairs(query.as_bytes()).for_each(|(name, text)| named(&name, &text));
    match parsed {
        Some((ParsedBody::Form(fields), _)) => fields.iter().for_each(|(name, text)| named(name, text)),
        Some((ParsedBody::Multipart(parts), _)) => {
            parts.iter().for_each(|part| named(&part.name, &String::from_utf8_lossy(&part.content)));
        }
        Some((ParsedBody::Json(value), _)) => of_requests(value, &mut found),
        _ => {}
    }
    found
}

/// Those of a request, or of each of a list.
fn of_requests(value: &Value, found: &mut Vec<String>) {
    let requests = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    for (name, value) in requests.iter().take(MOST).filter_map(Value::as_object).flatten() {
        match value {
            Value::String(text) if is_same_name(name, "extensions") => {
                values_of_text(text).iter().for_each(|value| hash_of(value, found));
            }
            value if is_same_name(name, "extensions") => hash_of(value, found),
            _ => {}
        }
    }
}

/// The hash in `extensions`.
fn hash_of(extensions: &Value, found: &mut Vec<String>) {
    let member = |value: &Value, wanted: &str| {
        let mut members = value.as_object()?.iter();
        members.find_map(|(name, value)| is_same_name(name, wanted).then(|| value.clone()))
    };
    let hash = member(extensions, "persistedQuery").and_then(|stored| member(&stored, "sha256Hash"));
    if let Some(Value::String(hash)) = hash {
        found.push(hash.to_ascii_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hashes_are_found_where_servers_look() {
        let stored = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
        let url = format!("extensions={}", stored("Aa").to_string().replace('"', "%22"));
        assert_eq!(stored_hashes(&url, None), ["aa"]);
        for (body, expected) in [
            (ParsedBody::Json(json!({ "extensions": stored("0a") })), &["0a"][..]),
            (
                ParsedBody::Json(
                    json!([{ "extensions": stored("0a") }, { "a": 1 }, { "extensions": stored("0b").to_string() }]),
                ),
                &["0a", "0b"],
            ),
            (ParsedBody::Form(vec![("extensions".into(), stored("0c").to_string())]), &["0c"]),
            (
                ParsedBody::Form(vec![(
                    "operations".into(),
                    json!({ "extensions": stored("0d") }).to_string(),
                )]),
                &["0d"],
            ),
            (ParsedBody::Json(json!({ "extensions": { "persistedQuery": 1 }, "query": "{a}" })), &[]),
        ] {
            assert_eq!(stored_hashes("", Some((&body, b""))), expected);
        }
    }
}

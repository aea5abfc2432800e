//! Documents that a server keeps under their hashes, which later requests name them by (automatic persisted queries).

use serde_json::{Map, Value};

use super::body::ParsedBody;
use super::graphql_literals::values_of_text;
use super::names::is_same_name;
use super::pairs::pairs;

/// Requests of a batch that are looked at, and hashes of each.
const MOST: usize = 1000;

/// A request that names a stored document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its hash, SHA-256 in hexadecimal, in lower case; whether it is true of the document, the server finds out.
    pub hash: String,
    /// The texts beside it, of which one may be the document that it names.
    pub documents: Vec<String>,
}

/// What a request names: in `extensions` of the URL, of the body, of a form, or of `operations`, under every spelling of the names
/// that some server takes.
pub fn stored(query: &str, parsed: Option<(&ParsedBody, &[u8])>) -> Vec<Stored> {
    let mut found = Vec::new();
    let in_url: Vec<_> = pairs(query.as_bytes()).collect();
    let in_url = in_url.iter().map(|(name, text)| (&**name, &**text));
    // Some servers take the hash out of the URL and the text out of the body.
    let mut elsewhere = texts(in_url.clone());
    if let Some((ParsedBody::Json(Value::Object(request)), _)) = parsed {
        elsewhere.extend(named(request, "query").filter_map(Value::as_str).map(str::to_owned));
    }
    if let Some((ParsedBody::Form(fields), _)) = parsed {
        elsewhere.extend(texts(fields.iter().map(|(name, text)| (name.as_str(), text.as_str()))));
    }
    of_pairs(in_url, &elsewhere, &mut found);
    match parsed {
        Some((ParsedBody::Form(fields), _)) => {
            of_pairs(
                fields.iter().map(|(name, text)| (name.as_str(), text.as_str())),
                &elsewhere,
                &mut found,
            );
        }
        Some((ParsedBody::Multipart(parts), _)) => {
            let texts: Vec<_> = parts
                .iter()
                .map(|part| (part.name.as_str(), String::from_utf8_lossy(&part.content)))
                .collect();
            of_pairs(texts.iter().map(|(name, text)| (*name, &**text)), &elsewhere, &mut found);
        }
        Some((ParsedBody::Json(value), _)) => of_requests(value, &elsewhere, &mut found),
        _ => {}
    }
    found
}

/// The texts of documents in a query, or in a form.
fn texts<'p>(all: impl Iterator<Item = (&'p str, &'p str)>) -> Vec<String> {
    all.filter(|(name, _)| is_same_name(name, "query")).map(|(_, text)| text.to_owned()).collect()
}

/// Those of a query, or of a form, with the texts of other places.
fn of_pairs<'p>(
    all: impl Iterator<Item = (&'p str, &'p str)> + Clone,
    elsewhere: &[String],
    found: &mut Vec<Stored>,
) {
    let documents = [&texts(all.clone()), elsewhere].concat();
    for (name, text) in all {
        if is_same_name(name, "extensions") {
            let values = values_of_text(text);
            values.iter().for_each(|value| add(hashes(value), &documents, found));
        } else if is_same_name(name, "operations") {
            values_of_text(text).iter().for_each(|value| of_requests(value, &documents, found));
        }
    }
}

/// Those of a request in JSON, or of each of a list.
fn of_requests(value: &Value, elsewhere: &[String], found: &mut Vec<Stored>) {
    let requests = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    for request in requests.iter().take(MOST).filter_map(Value::as_object) {
        let mut documents: Vec<String> =
            named(request, "query").filter_map(Value::as_str).map(str::to_owned).collect();
        if !value.is_array() {
            documents.extend_from_slice(elsewhere);
        }
        for extensions in named(request, "extensions") {
            match extensions {
                Value::String(text) => {
                    values_of_text(text).iter().for_each(|value| add(hashes(value), &documents, found));
                }
                value => add(hashes(value), &documents, found),
            }
        }
    }
}

/// The members of a name, in all its spellings.
fn named<'v>(members: &'v Map<String, Value>, wanted: &'static str) -> impl Iterator<Item = &'v Value> {
    members.iter().filter(move |(name, _)| is_same_name(name, wanted)).map(|(_, value)| value)
}

/// The hashes in `extensions`.
fn hashes(extensions: &Value) -> Vec<String> {
    let members = extensions.as_object().into_iter();
    let stored = members.flat_map(|members| named(members, "persistedQuery")).filter_map(Value::as_object);
    let hashes = stored.flat_map(|stored| named(stored, "sha256Hash")).filter_map(Value::as_str);
    hashes.take(MOST).map(str::to_ascii_lowercase).collect()
}

fn add(hashes: Vec<String>, documents: &[String], found: &mut Vec<Stored>) {
    let left = MOST.saturating_sub(found.len());
    let all = hashes.into_iter().take(left);
    found.extend(all.map(|hash| Stored { hash, documents: documents.to_vec() }));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hashes_are_found_where_servers_look() {
        let extensions = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
        let url = format!("extensions={}&query=%7Ba%7D", extensions("Aa").to_string().replace('"', "%22"));
        assert_eq!(stored(&url, None), [Stored { hash: "aa".into(), documents: vec!["{a}".into(); 2] }]);
        for (body, expected) in [
            (ParsedBody::Json(json!({ "extensions": extensions("0a") })), &["0a"][..]),
            (
                ParsedBody::Json(json!([
                    { "extensions": extensions("0a") },
                    { "a": 1 },
                    { "extensions": extensions("0b").to_string() },
                ])),
                &["0a", "0b"],
            ),
            (ParsedBody::Form(vec![("extensions".into(), extensions("0c").to_string())]), &["0c"]),
            (
                ParsedBody::Form(vec![(
                    "operations".into(),
                    json!({ "extensions": extensions("0d") }).to_string(),
                )]),
                &["0d"],
            ),
            (
                ParsedBody::Json(json!({ "extensions": {
                    "PERSISTEDQUERY": null,
                    "PersistedQuery": { "SHA256HASH": "0e", "sha256_hash": [1], "sha256Hash": "0f" },
                    "persistedQuery": { "sha256Hash": "10" },
                } })),
                &["0e", "0f", "10"],
            ),
            (ParsedBody::Json(json!({ "extensions": { "persistedQuery": 1 }, "query": "{a}" })), &[]),
        ] {
            let mut found: Vec<String> =
                stored("", Some((&body, b""))).into_iter().map(|stored| stored.hash).collect();
            found.sort();
            assert_eq!(found, expected);
        }
    }
}

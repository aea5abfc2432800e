//! Parts of a multipart body as the object that a schema describes, and what is left of them when members of it go.

use std::collections::HashSet;

use bytes::Bytes;
use http::StatusCode;
use inputs::{Part, write_multipart};
use openapi::MediaType;
use serde_json::Value;

use crate::decision::Refusal;
use crate::events::redact::excerpt;

/// The refusal of parts of which one has another media type than the document gives it, or one name stands for JSON
/// and for a text: servers take the one or the other.
pub(super) fn unfit(media: &MediaType, parts: &[Part]) -> Option<Refusal> {
    let refusal =
        |status, rule, evidence: String| Some(Refusal::new(status, rule, excerpt(evidence.as_bytes())));
    if let Some(part) = parts.iter().find(|part| !media.takes_part(&part.name, &part.media_type)) {
        let evidence = format!("part {} is {}", part.name, part.media_type);
        return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "part-media-type", evidence);
    }
    let texts: HashSet<&str> =
        parts.iter().filter(|part| part.json.is_none()).map(|part| part.name.as_str()).collect();
    let both = parts.iter().find(|part| part.json.is_some() && texts.contains(part.name.as_str()))?;
    refusal(StatusCode::BAD_REQUEST, "part-ambiguous", format!("part {} is JSON and a text", both.name))
}

/// The object that the parts make. Several parts of JSON under one name are a list.
pub(super) fn object(media: &MediaType, parts: &[Part]) -> Value {
    let texts: Vec<(String, String)> = parts
        .iter()
        .filter(|part| part.json.is_none())
        .map(|part| (part.name.clone(), String::from_utf8_lossy(&part.content).into_owned()))
        .collect();
    let mut object = media.read_form(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    if let Value::Object(map) = &mut object {
        let mut lists: HashSet<&str> = HashSet::new();
        for (part, json) in parts.iter().filter_map(|part| Some((part, part.json.as_ref()?))) {
            match map.remove(&part.name) {
                None => drop(map.insert(part.name.clone(), json.clone())),
                Some(Value::Array(mut items)) if lists.contains(part.name.as_str()) => {
                    items.push(json.clone());
                    map.insert(part.name.clone(), items.into());
                }
                Some(first) => {
                    lists.insert(&part.name);
                    map.insert(part.name.clone(), vec![first, json.clone()].into());
                }
            }
        }
    }
    object
}

/// The body without what was removed; `kept` is what is left of the object.
pub(super) fn without(content_type: &[u8], parts: &[Part], removed: &[String], kept: &Value) -> Bytes {
    let gone = Removed::new(removed);
    let is_inside = |name: &str| {
        let start = format!("/{}/", name.replace('~', "~0").replace('/', "~1"));
        removed.iter().any(|pointer| pointer.starts_with(&start))
    };
    let is_repeated = |name: &str| parts.iter().filter(|part| part.name == name).count() > 1;
    let mut seen: Vec<&str> = Vec::new();
    let left = parts.iter().filter(|part| !gone.has(&part.name)).map(|part| {
        let nth = seen.iter().filter(|name| **name == part.name).count();
        seen.push(&part.name);
        let value = kept.get(&part.name).filter(|_| is_inside(&part.name));
        let own = match value {
            Some(Value::Array(items)) if is_repeated(&part.name) => items.get(nth),
            value => value,
        };
        let content = own.map_or(part.content.clone(), |value| Bytes::from(value.to_string()));
        Part { content, ..part.clone() }
    });
    write_multipart(content_type, left).unwrap_or_default()
}

/// JSON Pointers of what was removed, to be asked for by the names that forms use.
pub(super) struct Removed<'r>(HashSet<&'r str>);

impl<'r> Removed<'r> {
    pub(super) fn new(pointers: &'r [String]) -> Self {
        Removed(pointers.iter().map(String::as_str).collect())
    }

    /// Whether a name (`a`, `a[]`, `a[b][c]`) stands for something at one of the pointers, or inside of it.
    pub(super) fn has(&self, name: &str) -> bool {
        // PHP ends a name at a NUL.
        let name = name.split('\0').next().unwrap_or(name);
        let escape = |part: &str| part.replace('~', "~0").replace('/', "~1");
        let mut pointer = String::new();
        let inside = name.split(['[', ']']).filter(|part| !part.is_empty()).any(|part| {
            pointer.push('/');
            pointer.push_str(&escape(part));
            self.0.contains(pointer.as_str())
        });
        inside || self.0.contains(format!("/{}", escape(name)).as_str())
    }
}

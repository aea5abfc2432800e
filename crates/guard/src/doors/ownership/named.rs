//! What a request names: the texts and ids that stand in its inputs.

#[cfg(feature = "graphql")]
use std::collections::HashSet;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use http::StatusCode;
#[cfg(feature = "graphql")]
use inputs::graphql;
use inputs::{
    Enclosed, ParsedBody, StructureLimits, byte_pairs, is_same_name, parse_json, semicolon_pairs, top_names,
};
use openapi::{Pointer, PointerSegment};
use policy::{Input, ObjectReference};
use serde_json::Value;

use crate::decision::Refusal;
use crate::exchange::Exchange;

/// Objects that one request may name.
const MAX_OBJECTS: usize = 100;

/// Of JSON that stands in a field or a file.
const IN_TEXT: StructureLimits = StructureLimits { depth: 64, members: 10_000 };

/// The ids of the objects that an input names. They may be an array, repeated, or separated by commas.
pub(crate) fn ids(x: &Exchange<'_>, object: &ObjectReference) -> Result<Vec<String>, Refusal> {
    let input = &object.input;
    let unreadable = |what: String| Refusal::new(StatusCode::BAD_REQUEST, "object-unreadable", what);
    let texts =
        texts(x, input).ok_or_else(|| unreadable(format!("{input} is not an id or a list of ids")))?;
    if let Some(node) = &object.node {
        return nodes(x, object, node, &texts).map_err(unreadable);
    }
    let mut ids: Vec<String> = Vec::new();
    for text in texts.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|id| !id.is_empty()) {
        if !ids.iter().any(|known| known == text) {
            ids.push(text.to_owned());
        }
        if ids.len() > MAX_OBJECTS {
            return Err(unreadable(format!("{input} names more than {MAX_OBJECTS} objects")));
        }
    }
    Ok(ids)
}

/// The ids in global ids of one type. Ids of another type are those of another entry for the same input.
fn nodes(
    x: &Exchange<'_>,
    object: &ObjectReference,
    node: &str,
    texts: &[String],
) -> Result<Vec<String>, String> {
    let input = &object.input;
    if texts.len() > MAX_OBJECTS {
        return Err(format!("{input} names more than {MAX_OBJECTS} objects"));
    }
    let mut ids = Vec::new();
    for text in texts.iter().filter(|text| !text.is_empty()) {
        let (kind, id) = global_id(text).ok_or_else(|| format!("{input} is not a global id"))?;
        if kind == node {
            ids.push(id);
        } else if !x
            .route
            .ownership
            .objects
            .iter()
            .any(|o| o.input == *input && o.node.as_ref() == Some(&kind))
        {
            return Err(format!("nothing is said about a {kind} in {input}"));
        }
    }
    Ok(ids)
}

/// Type and id of a global id: `Order:7`, plain or in base64 (GraphQL Relay), or `gid://shop/Order/7`.
fn global_id(text: &str) -> Option<(String, String)> {
    let split = |text: &str| {
        let path = text.strip_prefix("gid://").and_then(|rest| rest.split_once('/')).map(|(_, rest)| rest);
        let (kind, id) = match path {
            Some(path) => path.split_once('/')?,
            None => text.split_once(':')?,
        };
        let named = !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (named && !id.is_empty()).then(|| (kind.to_owned(), id.to_owned()))
    };
    let decoded = [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD].iter().find_map(|engine| {
        engine.decode(text.trim_end_matches('=')).ok().and_then(|bytes| String::from_utf8(bytes).ok())
    });
    split(text).or_else(|| split(&decoded?))
}

/// The texts that stand in an input, by every reading of it; `None` when what stands there is no text, or cannot be seen.
/// A JSON `null` is an empty text.
pub(crate) fn texts(x: &Exchange<'_>, input: &Input) -> Option<Vec<String>> {
    match input {
        Input::Path(name) => x.parameter(name).map(|value| vec![value.to_owned()]),
        Input::Query(name) => Some(in_query(x, name)),
        Input::Header(name) => {
            x.headers.get_all(name).iter().map(|value| value.to_str().ok().map(str::to_owned)).collect()
        }
        // A policy that names one is refused when it is loaded.
        #[cfg(not(feature = "graphql"))]
        Input::Graphql(_) => None,
        #[cfg(feature = "graphql")]
        Input::Graphql(path) => {
            let query = x.target.query().unwrap_or("").trim_start_matches('?');
            let mut texts = Some(Vec::new());
            let parsed = x.body.as_ref().map(|body| (&body.parsed, &body.decoded[..]));
            let mut seen = HashSet::new();
            let mut each = |value: &Value| collect_once(value, &mut seen, &mut texts);
            graphql::arguments(query, parsed, path, &mut each)?;
            for (body, other) in
                x.body.iter().flat_map(|body| body.others.iter().map(move |other| (body, other)))
            {
                graphql::arguments(query, Some((other, &body.decoded)), path, &mut each)?;
            }
            texts
        }
        Input::Body(pointer) => {
            let body = x.body.as_ref()?;
            let mut texts = in_body(&body.parsed, &body.decoded, pointer)?;
            for other in &body.others {
                texts.extend(in_body(other, &body.decoded, pointer)?);
            }
            Some(texts)
        }
    }
}

/// The texts under the same name where a server may look for it as well: the query for a field of the body, the body
/// for a parameter of the query.
pub(crate) fn texts_elsewhere(x: &Exchange<'_>, input: &Input) -> Vec<String> {
    match input {
        Input::Body(pointer) => {
            let name = pointer.as_str().strip_prefix('/').filter(|name| !name.contains('/'));
            name.map(|name| in_query(x, name)).unwrap_or_default()
        }
        Input::Query(name) => {
            let Ok(pointer) = format!("/{}", name.replace('~', "~0").replace('/', "~1")).parse() else {
                return Vec::new();
            };
            let raw = x.body.as_ref().map_or(&[][..], |body| &body.decoded);
            let readings = x.body.iter().flat_map(|body| body.readings());
            // What holds no names holds none of this one.
            let named = readings
                .filter(|body| !matches!(body, ParsedBody::Text | ParsedBody::Binary | ParsedBody::Xml(_)));
            // An object or nothing under the name is another thing than the parameter.
            let texts = named.filter_map(|body| in_body(body, raw, &pointer)).flatten();
            texts.filter(|text| !text.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

/// The values of a parameter of the query. Some servers pass over further question marks.
fn in_query(x: &Exchange<'_>, name: &str) -> Vec<String> {
    let query = x.target.query().unwrap_or("").trim_start_matches('?');
    in_pairs(query.as_bytes(), |key| is_named(key, name))
}

/// The values under some names in a query or a form. Some servers part pairs at a semicolon, too.
fn in_pairs(text: &[u8], is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = byte_pairs(text).chain(semicolon_pairs(text));
    all.filter(|(key, _)| is_meant(&lossy(key))).map(|(_, value)| lossy(&value)).collect()
}

/// The texts at a pointer of a body; of each item, where the body is a list.
fn in_body(body: &ParsedBody, raw: &[u8], pointer: &Pointer) -> Option<Vec<String>> {
    match body {
        ParsedBody::Empty => Some(Vec::new()),
        ParsedBody::Json(value) => {
            let mut texts = Some(Vec::new());
            let mut items = vec![value];
            while let Some(item) = items.pop() {
                pointer.visit_folded(item, &mut |value| collect(value, &mut texts));
                items.extend(item.as_array().into_iter().flatten());
            }
            texts
        }
        ParsedBody::Form(pairs) => {
            let mut texts = Some(in_pairs(raw, |key| is_at(key, pointer.segments())));
            pairs.iter().for_each(|(key, text)| in_text(key, text.as_bytes(), pointer, &mut texts));
            texts
        }
        ParsedBody::Multipart(parts) => {
            let mut texts = Some(Vec::new());
            for part in parts {
                if is_at(&part.name, pointer.segments()) {
                    match String::from_utf8(part.content.to_vec()) {
                        Ok(text) => texts.iter_mut().for_each(|texts| texts.push(text.clone())),
                        Err(_) => texts = None,
                    }
                }
                in_text(&part.name, &part.content, pointer, &mut texts);
            }
            texts
        }
        // Each part is a body of its own; what has no fields names none.
        ParsedBody::Mixed(parts) => {
            let mut texts = Vec::new();
            for Enclosed { part, body, others } in parts {
                // Some servers take any multipart body for a form (Rack, Tomcat).
                if is_at(&part.name, pointer.segments()) {
                    texts.push(String::from_utf8(part.content.to_vec()).ok()?);
                }
                let mut within = Some(Vec::new());
                in_text(&part.name, &part.content, pointer, &mut within);
                texts.extend(within?);
                for reading in std::iter::once(body).chain(others) {
                    if !matches!(reading, ParsedBody::Text | ParsedBody::Binary) {
                        texts.extend(in_body(reading, &part.content, pointer)?);
                    }
                }
            }
            Some(texts)
        }
        // A body whose fields cannot be seen cannot be compared.
        _ => None,
    }
}

/// The texts at a pointer that leads into a field or part which is JSON, whatever type and file name it has: servers read
/// it by its name.
fn in_text(name: &str, content: &[u8], pointer: &Pointer, texts: &mut Option<Vec<String>>) {
    if !content.trim_ascii_start().starts_with(b"{") && !content.trim_ascii_start().starts_with(b"[") {
        return;
    }
    for (at, _) in pointer.segments().iter().enumerate().skip(1) {
        let Some((own, rest)) = pointer.segments().split_at_checked(at) else { continue };
        if is_exactly(name, own) {
            match parse_json(content, IN_TEXT) {
                Ok(value) => PointerSegment::visit_folded(rest, &value, &mut |value| collect(value, texts)),
                // A lenient reader may see what we do not.
                Err(_) => *texts = None,
            }
        }
    }
}

/// Whether a key of a form stands for what segments point to, and for nothing within it.
fn is_exactly(key: &str, segments: &[PointerSegment]) -> bool {
    let parts = key.split(['[', ']', '.']).filter(|part| !part.is_empty()).count();
    let is_whole = matches!(segments, [PointerSegment::Name(name)] if is_same_name(key, name));
    is_whole || parts <= segments.len() && is_at(key, segments)
}

/// Whether a key of a query or a form is read as a name somewhere: `user_id`, `USER_ID`, `user_id[]`, `user_id[0]`, and
/// what PHP makes of `user.id`, `user id` and `user[id`; and an object of that name, `user_id.x` or `user_id[x`.
fn is_named(key: &str, name: &str) -> bool {
    top_names(key).any(|key| is_same_name(key, name))
}

/// Whether a key of a form stands for what a pointer points to, or for something in it: `user[id]` and `user.id` are
/// `/user/id`, and so is `user_id`, which PHP makes of the second.
fn is_at(key: &str, segments: &[PointerSegment]) -> bool {
    fn leads(parts: &[&str], segments: &[PointerSegment]) -> bool {
        match (segments, parts) {
            ([], _) => true,
            // An index may be left out: `user[][id]`.
            ([PointerSegment::Each, rest @ ..], _) => {
                leads(parts, rest) || parts.split_first().is_some_and(|(_, parts)| leads(parts, rest))
            }
            ([PointerSegment::Name(name), rest @ ..], [part, parts @ ..]) => {
                is_same_name(part, name) && leads(parts, rest)
            }
            _ => false,
        }
    }
    if let [PointerSegment::Name(name)] = segments {
        return is_named(key, name);
    }
    let key = key.split('\0').next().unwrap_or(key);
    let parts: Vec<&str> = key.split(['[', ']', '.']).filter(|part| !part.is_empty()).take(64).collect();
    leads(&parts, segments)
}

/// The same for values of which each text is wanted once.
#[cfg(feature = "graphql")]
fn collect_once(value: &Value, seen: &mut HashSet<String>, texts: &mut Option<Vec<String>>) {
    let mut found = texts.is_some().then(Vec::new);
    collect(value, &mut found);
    match (found, texts.as_mut()) {
        (Some(found), Some(texts)) => {
            texts.extend(found.into_iter().filter(|text| seen.insert(text.clone())));
        }
        _ => *texts = None,
    }
}

fn collect(value: &Value, texts: &mut Option<Vec<String>>) {
    match (value, texts.as_mut()) {
        (Value::Null, Some(list)) => list.push(String::new()),
        (Value::String(text), Some(list)) => list.push(text.clone()),
        (Value::Number(number), Some(list)) => list.push(number.to_string()),
        (Value::Array(items), Some(_)) => items.iter().for_each(|item| collect(item, texts)),
        _ => *texts = None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_where_a_server_takes_them_for_one() {
        for key in [
            "user_id",
            "USER_ID",
            "user_id[]",
            "user_id[0][a]",
            "user.id",
            "user id",
            "user[id",
            " user_id",
            "u\u{17f}er_id",
            "userId",
            "[user_id]",
            "[user_id][]",
            "user_id\0x",
            "user_id]",
            "[user_id",
            "user_id[0",
            "user_id[",
            "user_id.x",
            ".user_id",
        ] {
            assert!(is_named(key, "user_id"), "{key}");
        }
        for key in ["user", "user_id2", "user-id", "id", "x[user_id]"] {
            assert!(!is_named(key, "user_id"), "{key}");
        }
    }

    #[test]
    fn keys_of_forms_are_pointers() {
        let is = |key: &str, pointer: &str| is_at(key, pointer.parse::<Pointer>().unwrap().segments());
        for key in ["user[id]", "user.id", "User[ID][]", "[user][id]", "user[id][x]", "user[i\u{307}d]\0"] {
            assert_eq!(is(key, "/user/id"), key != "user[i\u{307}d]\0", "{key}");
        }
        for key in ["users[0][id]", "users[][id]", "users.0.id", "users[id]"] {
            assert!(is(key, "/users/*/id"), "{key}");
        }
        for key in ["user", "user[name]", "x[user][id]", "id"] {
            assert!(!is(key, "/user/id"), "{key}");
        }
    }

    #[test]
    fn json_in_a_field_is_what_a_pointer_leads_into() {
        for (key, text, expected) in [
            ("order", r#"{"user_id":7}"#, Some(&["7"][..])),
            ("ORDER", r#" [{"UserId":7},{"user_id":8}]"#, Some(&["7", "8"])),
            ("order[]", r#"{"user_id":7}"#, Some(&["7"])),
            ("order", r#"{"user_id":7,"user_id":8}"#, None),
            ("order", "a text", Some(&[])),
            ("order[note]", "[draft] a text", Some(&[])),
            ("note", "[draft] a text", Some(&[])),
        ] {
            let mut texts = Some(Vec::new());
            in_text(key, text.as_bytes(), &"/order/user_id".parse().unwrap(), &mut texts);
            let expected = expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect());
            assert_eq!(texts, expected, "{key}={text}");
        }
    }

    #[test]
    fn global_ids_name_a_type_and_an_id() {
        let is = |text: &str| global_id(text).map(|(kind, id)| format!("{kind} {id}"));
        for text in ["T3JkZXI6Nw==", "T3JkZXI6Nw", "Order:7", "gid://shop/Order/7"] {
            assert_eq!(is(text).as_deref(), Some("Order 7"), "{text}");
        }
        assert_eq!(is("Z2lkOi8vc2hvcC9PcmRlci83").as_deref(), Some("Order 7"), "base64 of gid://");
        assert_eq!(is("T3JkZXI6Pz8_Pg").as_deref(), Some("Order ???>"), "URL-safe");
        for text in ["7", "", "Order:", ":7", "!!", "T3JkZXI"] {
            assert_eq!(is(text), None, "{text}");
        }
    }
}

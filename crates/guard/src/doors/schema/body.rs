//! What a body may assign: declared properties of the declared types, and nothing else ([guide §6]).
//!
//! JSON, forms and multipart bodies all become one object that the schema judges; what is stripped is left out of the
//! body in the form in which it was received.
//!
//! [guide §6]: https://github.com/doorward/doorward/blob/main/docs/guide.md#6-mass-assignment

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use inputs::{Enclosed, ParsedBody, Part, XmlElement, top_name, write_multipart};
use openapi::{Direction, MediaType, Operation};
use policy::UnknownProperties;
use serde_json::{Map, Value};

use super::parts::{self, Removed};
use super::patch;
use super::refusals::{MAX_ERRORS, refuse_properties, unknown_properties};
use crate::decision::{Change, Decision, Refusal, Rewrite};
use crate::events::evidence::Evidence;
use crate::exchange::{Exchange, HeldBody};
use crate::wire::headers::media_type;

/// Judges a body by the operation's document.
pub(crate) fn declared(x: &Exchange<'_>, operation: &Operation, body: &HeldBody) -> Decision {
    let Some(declared) = &operation.body else {
        return match &body.parsed {
            ParsedBody::Empty => Decision::Pass,
            _ => Decision::Rewrite(Rewrite::new(
                "undeclared-body",
                format!("{} bytes", body.wire.len()),
                Change::Body(Bytes::new()),
            )),
        };
    };
    if body.parsed == ParsedBody::Empty {
        return match declared.required {
            true => {
                Decision::Refuse(Refusal::new(StatusCode::BAD_REQUEST, "body-missing", "a body is required"))
            }
            false => Decision::Pass,
        };
    }
    let kind = media_type(&x.headers);
    let Some(media) = MediaType::select(&declared.content, &kind) else {
        return Decision::Refuse(undeclared_type(&kind));
    };
    match &body.parsed {
        ParsedBody::Json(value) if kind == patch::MEDIA_TYPE => patch::declared(x, media, value),
        ParsedBody::Json(value) => {
            let merge = kind == "application/merge-patch+json";
            let judged = judge(x, media, Cow::Borrowed(value), merge);
            rewritten(judged, |_, kept| Bytes::from(kept.to_string()))
        }
        ParsedBody::Form(fields) => {
            let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let judged = judge(x, media, Cow::Owned(media.read_form(pairs)), false);
            match rewritten(judged, |removed, _| form_without(fields, removed)) {
                Decision::Pass => escaped(fields, body),
                decision => decision,
            }
        }
        ParsedBody::Multipart(parts) => {
            if let Some(refusal) = parts::unfit(media, parts) {
                return Decision::Refuse(refusal);
            }
            let judged = judge(x, media, Cow::Owned(parts::object(media, parts)), false);
            rewritten(judged, |removed, kept| parts::without(x.content_type(), parts, removed, kept))
        }
        ParsedBody::Mixed(parts) => mixed(x, media, parts),
        ParsedBody::Xml(root) => xml(x, media, root),
        // What cannot be read cannot be held to its schema.
        ParsedBody::Text if !cfg!(feature = "xml") && media.is_xml() => {
            let evidence = "an XML body, which this build cannot read (feature `xml`)";
            Decision::Refuse(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", evidence))
        }
        _ => Decision::Pass,
    }
}

/// The refusal of a media type that the document does not give to a body.
pub(super) fn undeclared_type(kind: &str) -> Refusal {
    Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", Evidence::value(kind.as_bytes()))
}

/// Judges XML as the value that its schema describes. A document with something undeclared is refused, where
/// others are stripped: it cannot be written anew as it was.
fn xml(x: &Exchange<'_>, media: &MediaType, root: &XmlElement) -> Decision {
    let Some(value) = media.read_xml(root) else { return Decision::Pass };
    match judge(x, media, Cow::Owned(value), false) {
        Err(refusal) => Decision::Refuse(refusal),
        Ok((removed, _)) if removed.is_empty() => Decision::Pass,
        Ok((removed, _)) => refuse_properties(&removed),
    }
}

/// Judges parts that all have names as the object that they make; others are described by no schema. They are refused
/// where others are stripped, as XML is.
fn mixed(x: &Exchange<'_>, media: &MediaType, parts: &[Enclosed]) -> Decision {
    if parts.iter().any(|part| part.part.name.is_empty()) {
        return Decision::Pass;
    }
    let named = parts.iter().map(|part| {
        let json = match &part.body {
            ParsedBody::Json(value) => Some(value.clone()),
            _ => None,
        };
        Part { json, ..part.part.clone() }
    });
    let named: Vec<Part> = named.collect();
    if let Some(refusal) = parts::unfit(media, &named) {
        return Decision::Refuse(refusal);
    }
    match judge(x, media, Cow::Owned(parts::object(media, &named)), false) {
        Err(refusal) => Decision::Refuse(refusal),
        Ok((removed, _)) if removed.is_empty() => Decision::Pass,
        Ok((removed, _)) => refuse_properties(&removed),
    }
}

/// Judges the names of a body by a route's list, where there is no document.
pub(crate) fn listed(x: &Exchange<'_>, fields: &[String], body: &HeldBody) -> Decision {
    let known = |name: &str| fields.iter().any(|field| field == name);
    let unknown = |name: &str| (!known(top_name(name))).then(|| format!("/{}", top_name(name)));
    let removed: Vec<String> = match &body.parsed {
        ParsedBody::Empty => return Decision::Pass,
        ParsedBody::Json(value) => {
            let names = objects(value).into_iter().flat_map(|object| object.keys());
            names.filter(|name| !known(name)).map(|name| format!("/{name}")).collect()
        }
        ParsedBody::Form(pairs) => pairs.iter().filter_map(|(name, _)| unknown(name)).collect(),
        ParsedBody::Multipart(parts) => parts.iter().filter_map(|part| unknown(&part.name)).collect(),
        // Fields that cannot be seen cannot be listed.
        _ if x.route.schema.unknown_properties == UnknownProperties::Allow => return Decision::Pass,
        _ => {
            let evidence = "neither JSON nor a form";
            return Decision::Refuse(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                evidence,
            ));
        }
    };
    match x.route.schema.unknown_properties {
        UnknownProperties::Allow => return Decision::Pass,
        _ if removed.is_empty() => {
            return match &body.parsed {
                ParsedBody::Form(fields) => escaped(fields, body),
                _ => Decision::Pass,
            };
        }
        UnknownProperties::Refuse => return refuse_properties(&removed),
        UnknownProperties::Strip => {}
    }
    let kept = match &body.parsed {
        ParsedBody::Json(value) => {
            let mut kept = value.clone();
            match &mut kept {
                Value::Object(map) => map.retain(|name, _| known(name)),
                Value::Array(items) => items
                    .iter_mut()
                    .filter_map(Value::as_object_mut)
                    .for_each(|map| map.retain(|name, _| known(name))),
                _ => {}
            }
            Bytes::from(kept.to_string())
        }
        ParsedBody::Form(pairs) => form_without(pairs, &removed),
        ParsedBody::Multipart(parts) => {
            let removed = Removed::new(&removed);
            let kept = parts.iter().filter(|part| !removed.has(&part.name));
            write_multipart(x.content_type(), kept.cloned()).unwrap_or_default()
        }
        _ => Bytes::new(),
    };
    strip(&removed, kept)
}

/// The object that a value is, or the objects of a list.
fn objects(value: &Value) -> Vec<&Map<String, Value>> {
    let (mut found, mut items) = (Vec::new(), vec![value]);
    while let Some(item) = items.pop() {
        found.extend(item.as_object());
        items.extend(item.as_array().into_iter().flatten());
    }
    found
}

/// What is left of a value, and the JSON Pointers of what is not; or the refusal.
type Judged<'v> = Result<(Vec<String>, Cow<'v, Value>), Refusal>;

fn judge<'v>(x: &Exchange<'_>, media: &MediaType, value: Cow<'v, Value>, merge: bool) -> Judged<'v> {
    let mut value = value;
    let mut removed = Vec::new();
    if let (Some(shape), Some(document)) = (media.shape, x.site.document)
        && x.route.schema.unknown_properties != UnknownProperties::Allow
    {
        let allowed = &x.route.schema.allow_properties;
        removed = document.shapes.unknown(shape, &value, Direction::Request, allowed);
        if !removed.is_empty() && x.route.schema.unknown_properties == UnknownProperties::Refuse {
            return Err(unknown_properties(&removed));
        }
        if !removed.is_empty() {
            document.shapes.strip(shape, value.to_mut(), Direction::Request, allowed);
        }
    }
    let errors = match merge {
        // RFC 7396 §2: `null` takes a member away, whatever its type is.
        true => media.errors(&without_nulls(&value), MAX_ERRORS),
        false => media.errors(&value, MAX_ERRORS),
    };
    if errors.is_empty() {
        return Ok((removed, value));
    }
    let evidence = Evidence::invalid(&errors);
    let mut refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "body", evidence);
    refusal.errors = errors;
    Err(refusal)
}

fn rewritten(judged: Judged<'_>, body: impl FnOnce(&[String], &Value) -> Bytes) -> Decision {
    match judged {
        Err(refusal) => Decision::Refuse(refusal),
        Ok((removed, _)) if removed.is_empty() => Decision::Pass,
        Ok((removed, kept)) => {
            let body = body(&removed, &kept);
            strip(&removed, body)
        }
    }
}

/// The pairs of a form whose names were not removed.
fn form_without(fields: &[(String, String)], removed: &[String]) -> Bytes {
    let removed = Removed::new(removed);
    let kept = fields.iter().filter(|(name, _)| !removed.has(name));
    Bytes::from(form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish())
}

/// Escapes the semicolons of a form: a server that parts pairs at them, too, would read names that nobody has compared.
fn escaped(fields: &[(String, String)], body: &HeldBody) -> Decision {
    match body.decoded.contains(&b';') {
        true => Decision::Rewrite(Rewrite::new(
            "semicolon",
            "a semicolon, which parts pairs to some servers",
            Change::Body(form_without(fields, &[])),
        )),
        false => Decision::Pass,
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect::<Map<_, _>>(),
            )
        }
        other => other.clone(),
    }
}

fn strip(removed: &[String], body: Bytes) -> Decision {
    Decision::Rewrite(Rewrite::new("unknown-property", Evidence::names(removed), Change::Body(body)))
}

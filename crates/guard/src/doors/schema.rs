//! Schema: "what if I add `role: admin`?" (guide §6)
//!
//! With an OpenAPI document: undeclared operations do not exist, parameters and bodies have the declared types, and
//! properties that nobody declared, or that are `readOnly`, are stripped or refused. Without one, a route's
//! `fields` list does the same for the top level of a body.

use bytes::Bytes;
use http::header::{ALLOW, COOKIE, HeaderValue};
use http::{Method, StatusCode};
use policy::config::{ServerErrors, UndeclaredOperation, UnknownProperties};
use policy::openapi::{Direction, Location, MediaType, Operation, ParameterError, ShapeId};
use serde_json::Value;

use crate::exchange::{Declared, Exchange, HeldBody};
use crate::guard::Engine;
use crate::inputs::{ParsedBody, cookies, essence, pairs};
use crate::refusal::{Change, Decision, Refusal, Rewrite};

/// Errors of one body that are told; more help nobody.
const MAX_ERRORS: usize = 20;

/// Judges method, path and parameters.
pub(crate) fn admit_head(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let operation = match &x.declared {
        Declared::NoDocument => return Decision::Pass,
        Declared::Operation(operation) => *operation,
        _ if engine.policy.undeclared == UndeclaredOperation::Report => return Decision::Pass,
        Declared::OtherMethods(methods) => return other_method(x, methods),
        Declared::Nothing => {
            return Decision::Refuse(Refusal::new(
                StatusCode::NOT_FOUND,
                "undeclared-path",
                "not in the document",
            ));
        }
    };
    let errors = parameter_errors(x, operation);
    if !errors.is_empty() {
        let evidence =
            errors.iter().map(|(name, reason)| format!("{name} {reason}")).collect::<Vec<_>>().join("; ");
        let mut refusal = Refusal::new(StatusCode::BAD_REQUEST, "parameter", evidence);
        refusal.errors = errors;
        return Decision::Refuse(refusal);
    }
    unknown_parameters(x, operation)
}

/// Judges the body, and strips what may not be assigned.
pub(crate) fn admit_body(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let Some(body) = &x.body else { return Decision::Pass };
    match (x.operation(), &x.route.fields) {
        (Some(operation), _) => declared_body(x, engine, operation, body),
        (None, Some(fields)) => listed_fields(x, fields, body),
        (None, None) => Decision::Pass,
    }
}

/// Removes what the response schema does not show. Answers with the JSON Pointers removed.
pub(crate) fn release(
    x: &Exchange<'_>,
    engine: &Engine,
    shape: ShapeId,
    response: &mut Value,
) -> Vec<String> {
    let Some(document) = &engine.policy.document else { return Vec::new() };
    document.shapes.strip(shape, response, Direction::Response, &x.route.allow_properties)
}

/// Whether the words of this failure are nobody's business: a server error that no document declares.
pub(crate) fn masks(x: &Exchange<'_>, engine: &Engine, status: StatusCode) -> bool {
    let declared =
        || x.operation().and_then(|o| o.response(status.as_u16())).is_some_and(|r| r.status.starts_with('5'));
    status.is_server_error() && engine.policy.server_errors == ServerErrors::Mask && !declared()
}

/// The shape of the declared response for a status and media type.
pub(crate) fn response_shape(x: &Exchange<'_>, status: StatusCode, essence: &str) -> Option<ShapeId> {
    let response = x.operation()?.response(status.as_u16())?;
    MediaType::select(&response.content, essence)?.shape
}

fn other_method(x: &Exchange<'_>, methods: &[&Method]) -> Decision {
    let list = methods.iter().map(|m| m.as_str()).collect::<Vec<_>>().join(", ");
    let allow = HeaderValue::try_from(list.as_str()).unwrap_or(HeaderValue::from_static(""));
    let refusal = Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "undeclared-method",
        format!("{} (declared: {list})", x.method),
    );
    Decision::Refuse(refusal.header(ALLOW, allow))
}

fn parameter_errors(x: &Exchange<'_>, operation: &Operation) -> Vec<(String, String)> {
    let query: Vec<_> = pairs(x.target.query().unwrap_or("").as_bytes()).collect();
    let mut errors = Vec::new();
    for parameter in &operation.parameters {
        let texts: Vec<&str> = match parameter.location {
            Location::Path => x.parameter(&parameter.name).into_iter().collect(),
            Location::Query => {
                query.iter().filter(|(name, _)| parameter.owns(name)).map(|(_, v)| &**v).collect()
            }
            Location::Header => {
                x.headers.get_all(&*parameter.name).iter().filter_map(|v| v.to_str().ok()).collect()
            }
            Location::Cookie => x
                .headers
                .get_all(COOKIE)
                .iter()
                .filter_map(|v| v.to_str().ok())
                .flat_map(cookies)
                .filter(|(name, _)| *name == &*parameter.name)
                .map(|(_, value)| value)
                .collect(),
        };
        if let Err(error) = parameter.check(&texts) {
            let reason = match error {
                ParameterError::Invalid(reason) => reason,
                other => other.to_string(),
            };
            errors.push((parameter.name.to_string(), reason));
        }
    }
    errors
}

fn unknown_parameters(x: &Exchange<'_>, operation: &Operation) -> Decision {
    let Some(query) = x.target.query() else { return Decision::Pass };
    let known = |name: &str| {
        operation.parameters.iter().any(|p| p.location == Location::Query && p.owns(name))
            || x.route.allow_properties.iter().any(|allowed| allowed == name)
    };
    let unknown: Vec<String> =
        pairs(query.as_bytes()).map(|(name, _)| name.into_owned()).filter(|name| !known(name)).collect();
    if unknown.is_empty() || x.route.unknown_parameters == UnknownProperties::Allow {
        return Decision::Pass;
    }
    let evidence = crate::event::excerpt(unknown.join(", ").as_bytes());
    if x.route.unknown_parameters == UnknownProperties::Refuse {
        return Decision::Refuse(Refusal::new(StatusCode::BAD_REQUEST, "unknown-parameter", evidence));
    }
    // The texts of what stays are passed on as they came.
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| pairs(pair.as_bytes()).next().is_some_and(|(name, _)| known(&name)))
        .collect();
    Decision::Rewrite(Rewrite { rule: "unknown-parameter", evidence, change: Change::Query(kept.join("&")) })
}

fn declared_body(x: &Exchange<'_>, engine: &Engine, operation: &Operation, body: &HeldBody) -> Decision {
    let Some(declared) = &operation.body else {
        return match &body.parsed {
            ParsedBody::Empty => Decision::Pass,
            _ => Decision::Rewrite(Rewrite {
                rule: "undeclared-body",
                evidence: format!("{} bytes", body.wire.len()),
                change: Change::Body(Bytes::new()),
            }),
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
    let kind = essence(&x.headers);
    let Some(media) = MediaType::select(&declared.content, &kind) else {
        let evidence = crate::event::excerpt(kind.as_bytes());
        return Decision::Refuse(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", evidence));
    };
    match &body.parsed {
        ParsedBody::Json(value) => json_body(x, engine, media, value),
        ParsedBody::Form(fields) => match (media.shape, &engine.policy.document) {
            (Some(shape), Some(document)) => {
                form_body(x, fields, |name| document.shapes.knows(shape, name, Direction::Request))
            }
            _ => Decision::Pass,
        },
        ParsedBody::Multipart(parts) => match (media.shape, &engine.policy.document) {
            (Some(shape), Some(document)) => {
                let unknown =
                    parts.iter().find(|p| !document.shapes.knows(shape, &p.name, Direction::Request));
                match unknown {
                    // A part cannot be cut out without writing the whole body anew, so it is refused.
                    Some(part) if x.route.unknown_properties != UnknownProperties::Allow => {
                        refuse_properties(&[format!("/{}", part.name)])
                    }
                    _ => Decision::Pass,
                }
            }
            _ => Decision::Pass,
        },
        _ => Decision::Pass,
    }
}

fn json_body(x: &Exchange<'_>, engine: &Engine, media: &MediaType, value: &Value) -> Decision {
    let mut kept = value.clone();
    let removed = match (media.shape, &engine.policy.document, x.route.unknown_properties) {
        (_, _, UnknownProperties::Allow) | (None, ..) | (_, None, _) => Vec::new(),
        (Some(shape), Some(document), _) => {
            document.shapes.strip(shape, &mut kept, Direction::Request, &x.route.allow_properties)
        }
    };
    if !removed.is_empty() && x.route.unknown_properties == UnknownProperties::Refuse {
        return refuse_properties(&removed);
    }
    let errors = media.errors(&kept, MAX_ERRORS);
    if !errors.is_empty() {
        let evidence =
            errors.iter().map(|(at, reason)| format!("{at} {reason}")).collect::<Vec<_>>().join("; ");
        let mut refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "body", evidence);
        refusal.errors = errors;
        return Decision::Refuse(refusal);
    }
    strip(removed, kept)
}

fn listed_fields(x: &Exchange<'_>, fields: &[String], body: &HeldBody) -> Decision {
    let known = |name: &str| fields.iter().any(|field| field == name);
    match &body.parsed {
        ParsedBody::Json(value) => {
            let mut kept = value.clone();
            let mut removed = Vec::new();
            let objects: Vec<&mut Value> = match &mut kept {
                Value::Array(items) => items.iter_mut().collect(),
                other => vec![other],
            };
            for object in objects {
                if let Value::Object(map) = object {
                    map.retain(|name, _| {
                        known(name) || {
                            removed.push(format!("/{name}"));
                            false
                        }
                    });
                }
            }
            match x.route.unknown_properties {
                UnknownProperties::Refuse if !removed.is_empty() => refuse_properties(&removed),
                UnknownProperties::Allow => Decision::Pass,
                _ => strip(removed, kept),
            }
        }
        ParsedBody::Form(pairs) => form_body(x, pairs, known),
        ParsedBody::Multipart(parts) => match parts.iter().find(|p| !known(&p.name)) {
            Some(part) if x.route.unknown_properties != UnknownProperties::Allow => {
                refuse_properties(&[format!("/{}", part.name)])
            }
            _ => Decision::Pass,
        },
        ParsedBody::Empty => Decision::Pass,
        // Fields that cannot be seen cannot be listed.
        _ if x.route.unknown_properties == UnknownProperties::Allow => Decision::Pass,
        _ => Decision::Refuse(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "neither JSON nor a form",
        )),
    }
}

fn form_body(x: &Exchange<'_>, fields: &[(String, String)], known: impl Fn(&str) -> bool) -> Decision {
    let (kept, unknown): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| known(name));
    if unknown.is_empty() || x.route.unknown_properties == UnknownProperties::Allow {
        return Decision::Pass;
    }
    let removed: Vec<String> = unknown.iter().map(|(name, _)| format!("/{name}")).collect();
    if x.route.unknown_properties == UnknownProperties::Refuse {
        return refuse_properties(&removed);
    }
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    rewrite(&removed, Bytes::from(form))
}

fn strip(removed: Vec<String>, kept: Value) -> Decision {
    if removed.is_empty() { Decision::Pass } else { rewrite(&removed, Bytes::from(kept.to_string())) }
}

fn rewrite(removed: &[String], body: Bytes) -> Decision {
    let evidence = crate::event::excerpt(removed.join(" ").as_bytes());
    Decision::Rewrite(Rewrite { rule: "unknown-property", evidence, change: Change::Body(body) })
}

fn refuse_properties(removed: &[String]) -> Decision {
    let evidence = crate::event::excerpt(removed.join(" ").as_bytes());
    let mut refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-property", evidence);
    refusal.errors =
        removed.iter().take(MAX_ERRORS).map(|at| (at.clone(), "may not be set".to_owned())).collect();
    Decision::Refuse(refusal)
}

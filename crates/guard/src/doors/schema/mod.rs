//! Schema: "what if I add `role: admin`?" ([guide §6])
//!
//! With an OpenAPI document: undeclared operations do not exist, parameters and bodies have the declared types, and
//! undeclared and `readOnly` properties are stripped or refused. Without one, a route's
//! `fields` list does the same for the top level of a body.
//!
//! [guide §6]: https://github.com/doorward/doorward/blob/main/docs/guide.md#6-mass-assignment

pub(crate) mod answers;
mod body;
mod parts;
mod patch;
mod refusals;
pub(crate) mod server_errors;

use std::borrow::Cow;

use http::header::{ALLOW, COOKIE, HeaderValue};
use http::response::Parts;
use http::{Method, StatusCode};
use inputs::{cookie_readings, pairs};
use openapi::{Location, MediaType, Operation, ParameterError, SecurityScheme};
use policy::{BuiltInDoor, DeprecatedOperation, UndeclaredOperation, UnknownProperties};

use super::Step;
use super::inspector::Head;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::decision::{Change, Decision, Refusal, Rewrite};
use crate::engine::Engine;
use crate::events::Verdict;
use crate::events::evidence::Evidence;
use crate::exchange::{Declared, Exchange};
use crate::forward::Reader;
use crate::wire::headers::{media_type, upgrade};

/// The door.
pub(crate) struct Schema;

impl super::Door for Schema {
    fn id(&self) -> DoorId {
        BuiltInDoor::Schema.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit_head(x, ruling.engine).into()
    }

    fn admit_body<'a, 'e>(&'a self, _: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        admit_body(x).into()
    }

    fn admit_stream<'a, 'e>(&'a self, _: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        let operation = x.operation().filter(|_| !is_another_spelling(x));
        let kind = media_type(&x.headers);
        match operation.and_then(|operation| operation.body.as_ref()) {
            // Who sends no body need not say what it is.
            Some(declared) if !kind.is_empty() && MediaType::select(&declared.content, &kind).is_none() => {
                Decision::Refuse(body::undeclared_type(&kind)).into()
            }
            _ => Step::PASS,
        }
    }

    fn release_head<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, parts: &Parts) -> Decision {
        if server_errors::masks(x, ruling.engine, parts.status) {
            let enforce = enforced(x, BuiltInDoor::Schema);
            let verdict = if enforce { Verdict::Rewritten } else { Verdict::WouldRewrite };
            ruling.note(
                x,
                BuiltInDoor::Schema.name(),
                "server-error",
                verdict,
                None,
                &parts.status.as_str().to_owned().into(),
            );
            let head = Head::new(parts);
            if enforce && !server_errors::may_be_document(&head) {
                return Decision::Answer(server_errors::masked(x, &head));
            }
        }
        match undeclared_response(x, parts.status, &media_type(&parts.headers)) {
            Some((rule, evidence)) => Decision::report(rule, evidence),
            None => Decision::Pass,
        }
    }
}

/// Judges method, path and parameters.
fn admit_head(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let operation = match &x.declared {
        Declared::NoDocument => return admit_upgrade(x, engine),
        Declared::Operation(operation, _) => *operation,
        // What an overlay removed stays shut.
        _ if engine.policy.schema.undeclared == UndeclaredOperation::Report && !is_shut(x) => {
            return Decision::report("undeclared-operation", format!("{} {}", x.method, x.target.path()));
        }
        Declared::OtherMethods(methods) => return other_method(x, methods),
        Declared::Nothing => {
            return Decision::Refuse(Refusal::new(
                StatusCode::NOT_FOUND,
                "undeclared-path",
                "not in the document",
            ));
        }
    };
    if is_another_spelling(x) {
        return Decision::Pass;
    }
    let errors = parameter_errors(x, operation);
    if !errors.is_empty() {
        let mut refusal = Refusal::new(StatusCode::BAD_REQUEST, "parameter", Evidence::invalid(&errors));
        refusal.errors = errors;
        return Decision::Refuse(refusal);
    }
    match unknown_parameters(x, operation) {
        Decision::Pass if operation.deprecated => deprecated(engine, operation),
        decision => decision,
    }
}

/// Without a document: whether what is said behind an upgrade would be held to a list of fields.
fn admit_upgrade(x: &Exchange<'_>, engine: &Engine) -> Decision {
    match upgrade(&x.headers, &engine.policy.gateway.upgrades) {
        Some(protocol) if x.route.schema.fields.is_some() => {
            let evidence = format!("an upgrade to {protocol} on a route with `fields`");
            Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, "upgrade", evidence))
        }
        _ => Decision::Pass,
    }
}

/// Whether this is the request as a server reads it that takes its path for another one. What that operation declares is
/// not what the request was written for: its parameters, its body and its answer are held to the path as it came.
fn is_another_spelling(x: &Exchange<'_>) -> bool {
    x.as_it_came().is_some_and(|reading| reading.method == x.method)
}

/// Whether an overlay removed the operation, in some reading of the path.
fn is_shut(x: &Exchange<'_>) -> bool {
    let Some(document) = x.site.document else { return false };
    document.is_shut(&x.method, &x.target.canonical())
        || x.target.others().iter().chain(&x.target.undecoded()).any(|path| document.is_shut(&x.method, path))
}

fn deprecated(engine: &Engine, operation: &Operation) -> Decision {
    match engine.policy.schema.deprecated {
        DeprecatedOperation::Allow => Decision::Pass,
        DeprecatedOperation::Report => Decision::report("deprecated", operation.id.to_string()),
        DeprecatedOperation::Refuse => {
            Decision::Refuse(Refusal::new(StatusCode::NOT_FOUND, "deprecated", operation.id.to_string()))
        }
    }
}

/// What a response is that its document does not declare: another status, another media type.
fn undeclared_response(
    x: &Exchange<'_>,
    status: StatusCode,
    essence: &str,
) -> Option<(&'static str, Evidence)> {
    let operation = x.operation().filter(|operation| !operation.responses.is_empty())?;
    let Some(response) = operation.response(status.as_u16()) else {
        return Some(("undeclared-status", format!("{} answers {}", operation.id, status.as_u16()).into()));
    };
    let declares = response.content.is_empty() || essence.is_empty();
    if declares || MediaType::select(&response.content, essence).is_some() {
        return None;
    }
    let evidence = format!("{} answers {}", operation.id, crate::events::redact::excerpt(essence.as_bytes()));
    Some(("undeclared-media-type", evidence.into()))
}

/// Judges the body, and strips what may not be assigned.
fn admit_body(x: &Exchange<'_>) -> Decision {
    let Some(held) = &x.body else { return Decision::Pass };
    if let Some(operation) = x.operation().filter(|_| !is_another_spelling(x)) {
        return body::declared(x, operation, held);
    }
    let schema = &x.route.schema;
    if let Some(decision) =
        schema.patch_paths.as_ref().and_then(|allowed| patch::undeclared(x, allowed, held))
    {
        return decision;
    }
    schema.fields.as_ref().map_or(Decision::Pass, |fields| body::listed(x, fields, held))
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
    let text = |bytes| String::from_utf8_lossy(bytes);
    for parameter in &operation.parameters {
        let name = &*parameter.name;
        // What is not UTF-8 is a value all the same, and fits no schema that a text does not fit.
        let texts: Vec<(Cow<'_, str>, Cow<'_, str>)> = match parameter.location {
            Location::Path => {
                x.parameter(name).map(|value| (name.into(), value.into())).into_iter().collect()
            }
            Location::Query => query.iter().filter(|(name, _)| parameter.owns(name)).cloned().collect(),
            Location::Header => {
                x.headers.get_all(name).iter().map(|value| (name.into(), text(value.as_bytes()))).collect()
            }
            Location::Cookie => {
                let header = x.headers.get(COOKIE).map_or(&b""[..], |value| value.as_bytes());
                let cookies = cookie_readings(header).map(|(name, value)| (text(name), text(value)));
                cookies.filter(|(name, _)| parameter.owns(name)).collect()
            }
        };
        let texts: Vec<(&str, &str)> = texts.iter().map(|(name, value)| (&**name, &**value)).collect();
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
            || operation.security.schemes().any(
                |scheme| matches!(scheme, SecurityScheme::ApiKey(Location::Query, key) if **key == *name),
            )
            || x.route.schema.allow_properties.iter().any(|allowed| allowed == name)
    };
    let unknown: Vec<String> =
        pairs(query.as_bytes()).map(|(name, _)| name.into_owned()).filter(|name| !known(name)).collect();
    if x.route.schema.unknown_parameters == UnknownProperties::Allow {
        return Decision::Pass;
    }
    if unknown.is_empty() {
        return match query.contains(';') {
            // To some servers it parts pairs, too, which nobody has compared.
            true => Decision::Rewrite(Rewrite::new(
                "semicolon",
                "a semicolon, which parts pairs to some servers",
                Change::Query(query.replace(';', "%3B")),
            )),
            false => Decision::Pass,
        };
    }
    let evidence = Evidence::names(unknown);
    if x.route.schema.unknown_parameters == UnknownProperties::Refuse {
        return Decision::Refuse(Refusal::new(StatusCode::BAD_REQUEST, "unknown-parameter", evidence));
    }
    // The texts of what stays are passed on as they came, but for semicolons.
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| pairs(pair.as_bytes()).next().is_some_and(|(name, _)| known(&name)))
        .collect();
    Decision::Rewrite(Rewrite::new(
        "unknown-parameter",
        evidence,
        Change::Query(kept.join("&").replace(';', "%3B")),
    ))
}

//! Cedar: who may do what with which object, beyond one owner. Part of the ownership door.
//!
//! A decision is made as early as what it depends on is there: by the head alone, with the body, or when the object
//! has been read; never later than before the upstream changes anything.

use authorization::{AuthorizationDecision, AuthorizationRequest, Needs, Requester};
use http::{Method, StatusCode};
use inputs::{ParsedBody, is_same_name, pairs, semicolon_pairs, top_name};
use openapi::{Location, Operation};
use serde_json::{Map, Value};

use super::{self as ownership, Released};
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::doors::{Door, Step};
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::forward::Reader;

/// The part of the ownership door that asks Cedar policies.
pub(crate) struct Cedar;

impl Door for Cedar {
    fn id(&self) -> DoorId {
        policy::BuiltInDoor::Ownership.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit(x, ruling.engine, Needs { body: false, object: false }).into()
    }

    fn admit_body<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>, _: &'a Reader) -> Step<'a> {
        admit(x, ruling.engine, Needs { body: true, object: false }).into()
    }
}

/// Decides when what the decision depends on is there.
fn admit(x: &Exchange<'_>, engine: &Engine, there: Needs) -> Decision {
    match stage(x, engine) {
        Some((cedar, id, needs)) if needs == there => decision(x, engine, cedar, id, None),
        _ => Decision::Pass,
    }
}

/// Whether the decision waits for the object that this exchange is about.
pub(crate) fn needs_object(x: &Exchange<'_>, engine: &Engine) -> bool {
    stage(x, engine).is_some_and(|(_, _, needs)| needs.object)
}

/// Whether the decision waits for the response, which is the object.
pub(crate) fn needs_response(x: &Exchange<'_>, engine: &Engine) -> bool {
    !ownership::writes(&x.method) && needs_object(x, engine)
}

/// Decides about an object that was read before a write.
pub(crate) fn admit_object(x: &Exchange<'_>, engine: &Engine, object: &Value) -> Result<(), Refusal> {
    let Some((cedar, id, _)) = stage(x, engine) else { return Ok(()) };
    match ask(x, engine, cedar, id, Some(object)) {
        AuthorizationDecision::Permitted => Ok(()),
        AuthorizationDecision::Denied(why) => Err(ownership::refusal(engine, "cedar", why)),
    }
}

/// Decides about the object of a response, or about each object of a list.
pub(crate) fn release(x: &Exchange<'_>, engine: &Engine, response: Option<&mut Value>) -> Released {
    let Some((cedar, id, _)) = stage(x, engine) else { return Released::Unchanged };
    let Some(response) = response else {
        return Released::Refused(ownership::unreadable(engine, "a response that is not JSON"));
    };
    let list = x.route.ownership.owner.as_ref().and_then(|owner| owner.list.as_ref());
    let target = match list {
        Some(pointer) => pointer.value_mut(response),
        None => Some(response),
    };
    match target {
        Some(Value::Array(items)) => {
            let before = items.len();
            items.retain(|item| ask(x, engine, cedar, id, Some(item)) == AuthorizationDecision::Permitted);
            match before - items.len() {
                0 => Released::Unchanged,
                removed => Released::Filtered(removed),
            }
        }
        Some(object) => match ask(x, engine, cedar, id, Some(object)) {
            AuthorizationDecision::Permitted => Released::Unchanged,
            AuthorizationDecision::Denied(why) => Released::Refused(ownership::refusal(engine, "cedar", why)),
        },
        None => Released::Refused(ownership::unreadable(engine, "a response without its list")),
    }
}

/// The policies, the operation and what a decision about it depends on.
fn stage<'e>(x: &Exchange<'e>, engine: &'e Engine) -> Option<(&'e authorization::Cedar, &'e str, Needs)> {
    let cedar = engine.policy.ownership.cedar.as_ref().filter(|_| is_judged(x))?;
    // Undeclared: the empty id, for which no policy applies.
    let id = x.operation().map_or("", |operation| &*operation.id);
    Some((cedar, id, cedar.needs(id)))
}

/// Whether policies speak of a request: they are written against the document of the first upstream.
pub(crate) fn is_judged(x: &Exchange<'_>) -> bool {
    x.destination.group == 0
}

fn decision(
    x: &Exchange<'_>,
    engine: &Engine,
    cedar: &authorization::Cedar,
    id: &str,
    object: Option<&Value>,
) -> Decision {
    match ask(x, engine, cedar, id, object) {
        AuthorizationDecision::Permitted => Decision::Pass,
        AuthorizationDecision::Denied(why) => {
            let status = if x.principal.is_some() { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
            Decision::Refuse(Refusal::new(status, "cedar", why))
        }
    }
}

fn ask(
    x: &Exchange<'_>,
    engine: &Engine,
    cedar: &authorization::Cedar,
    id: &str,
    object: Option<&Value>,
) -> AuthorizationDecision {
    let (path, query) = match x.operation() {
        Some(operation) => parameters(x, operation),
        None => (Value::Null, Value::Null),
    };
    let body = match x.body.as_ref().map(|body| &body.parsed) {
        Some(ParsedBody::Json(value)) => Some(value),
        None | Some(ParsedBody::Empty) => None,
        // What policies would say of it cannot be known.
        Some(_) if cedar.needs(id).body => {
            return AuthorizationDecision::Denied("policies look at the body, which is not JSON".into());
        }
        Some(_) => None,
    };
    // A HEAD is asked about as the GET that it stands for.
    let method = if x.method == Method::HEAD { &Method::GET } else { &x.method };
    let verdict = cedar.decide(
        id,
        &AuthorizationRequest {
            requester: x.principal.as_deref().map(|principal| Requester {
                subject: &principal.subject,
                scopes: &principal.scopes,
                claims: &principal.claims,
                role_claim: &engine.policy.ownership.role_claim,
            }),
            client: x.client,
            unix_millis: x.unix_millis(),
            method,
            route: x.declared_path().unwrap_or(""),
            path: &path,
            query: &query,
            body,
            object,
        },
    );
    match verdict {
        AuthorizationDecision::Denied(why) => {
            let caller = x
                .subject()
                .map_or("no authenticated caller".to_owned(), |subject| format!("subject {subject}"));
            AuthorizationDecision::Denied(crate::events::redact::excerpt(
                format!("{why}; {caller}").as_bytes(),
            ))
        }
        permitted => permitted,
    }
}

/// The values of declared parameters, typed. What cannot be read is a value of no declared type, so that no policy takes it
/// for absent.
fn parameters(x: &Exchange<'_>, operation: &Operation) -> (Value, Value) {
    let query: Vec<(std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)> =
        pairs(x.target.query().unwrap_or("").as_bytes()).collect();
    // As servers read it that part pairs at semicolons, too.
    let parted: Vec<String> = semicolon_pairs(x.target.query().unwrap_or("").as_bytes())
        .map(|(name, _)| String::from_utf8_lossy(&name).into_owned())
        .collect();
    let (mut path, mut asked) = (Map::new(), Map::new());
    for parameter in &operation.parameters {
        let (values, texts) = match parameter.location {
            Location::Path => {
                let text = x.parameter(&parameter.name);
                (&mut path, text.map(|text| (&*parameter.name, text)).into_iter().collect::<Vec<_>>())
            }
            Location::Query => {
                let owned = query.iter().filter(|(name, _)| parameter.owns(name));
                let owned = owned.map(|(name, value)| (&**name, &**value)).collect();
                // Another spelling that is no parameter of its own: some servers take it for this one.
                let is_declared = |name: &str| {
                    operation.parameters.iter().any(|p| p.location == Location::Query && p.owns(name))
                };
                let is_spelling =
                    |name: &str| is_same_name(top_name(name), &parameter.name) && !is_declared(name);
                let is_meant = |name: &str| is_same_name(top_name(name), &parameter.name);
                let is_behind = parted.iter().filter(|name| is_meant(name)).count()
                    > query.iter().filter(|(name, _)| is_meant(name)).count();
                if is_behind || query.iter().any(|(name, _)| is_spelling(name)) {
                    asked.insert(parameter.name.to_string(), unreadable());
                    continue;
                }
                (&mut asked, owned)
            }
            Location::Header | Location::Cookie => continue,
        };
        if let Some(value) = parameter.read(&texts).unwrap_or_else(|_| Some(unreadable())) {
            values.insert(parameter.name.to_string(), value);
        }
    }
    (Value::Object(path), Value::Object(asked))
}

/// A value that no declared type has.
fn unreadable() -> Value {
    Value::Array(vec![Value::Null])
}

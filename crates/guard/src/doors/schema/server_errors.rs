//! Server errors that a protocol wants in a document of its own: SOAP faults, JSON-RPC and GraphQL errors. Clients of these
//! protocols cannot read problem details. The document keeps its form and its codes, and loses its texts.

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
#[cfg(feature = "xml")]
use inputs::{ParsedBody, StructureLimits, XmlElement, parse_body};
use policy::{BuiltInDoor, ServerErrors};
use serde_json::{Map, Value, json};

use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::decision::{Decision, problem};
use crate::doors::Step;
use crate::doors::inspector::{Extent, Head, Held, Inspector};
use crate::engine::Engine;
use crate::exchange::Exchange;

/// Takes the texts out of error documents; what is none becomes problem details.
pub(crate) struct ErrorDocuments;

impl Inspector for ErrorDocuments {
    fn door(&self) -> Option<DoorId> {
        Some(BuiltInDoor::Schema.into())
    }

    fn expects(&self, _: &Engine, _: &Exchange<'_>) -> Option<Extent> {
        None
    }

    fn wants(&self, engine: &Engine, x: &Exchange<'_>, head: &Head) -> bool {
        enforced(x, BuiltInDoor::Schema) && masks(x, engine, head.status) && may_be_document(head)
    }

    fn inspect<'a, 'e>(&'a self, _: Ruling<'e>, x: &'a mut Exchange<'e>, held: &'a mut Held) -> Step<'a> {
        let text = format!("the server failed; event {}", x.id);
        let is_neutral = match held.head.is_json {
            true => held.value().is_some_and(|value| neutralize(value, &text)),
            false => false,
        };
        if is_neutral {
            held.change();
            return Step::PASS;
        }
        match soap_fault(held, &text) {
            Some(fault) => {
                held.replace(fault);
                Step::PASS
            }
            None => Decision::Answer(masked(x, &held.head)).into(),
        }
    }

    fn too_large<'e>(&self, _: Ruling<'e>, x: &mut Exchange<'e>, head: &Head, _: &[u8]) -> Decision {
        Decision::Answer(masked(x, head))
    }

    fn unseen<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, head: &Head) -> Decision {
        match self.wants(ruling.engine, x, head) {
            true => Decision::Answer(masked(x, head)),
            false => Decision::Pass,
        }
    }
}

/// What a client gets instead of the API's error. When to come back is no detail of the API.
pub(super) fn masked(x: &Exchange<'_>, head: &Head) -> Response<Bytes> {
    let mut response = problem(head.status, x.id, &[]);
    if let Some(after) = &head.retry_after {
        response.headers_mut().insert(RETRY_AFTER, after.clone());
    }
    response
}

/// Whether to mask the body of this failure: a server error that no document declares.
pub(super) fn masks(x: &Exchange<'_>, engine: &Engine, status: StatusCode) -> bool {
    let declared =
        || x.operation().and_then(|o| o.response(status.as_u16())).is_some_and(|r| r.status.starts_with('5'));
    status.is_server_error() && engine.policy.schema.server_errors == ServerErrors::Mask && !declared()
}

/// Whether an error may be the document of a protocol, by its media type.
pub(super) fn may_be_document(head: &Head) -> bool {
    head.is_json && head.essence != "application/problem+json"
        || ["text/xml", "application/soap+xml", "application/xml"].contains(&&*head.essence)
}

/// Replaces the texts of an error document in JSON: one of JSON-RPC, several of them, or one of GraphQL. `false` if it is
/// none.
fn neutralize(value: &mut Value, text: &str) -> bool {
    match value {
        Value::Array(several) => {
            !several.is_empty()
                && several.iter_mut().all(|one| one.as_object_mut().is_some_and(|one| json_rpc(one, text)))
        }
        Value::Object(object) => json_rpc(object, text) || graphql(object, text),
        _ => false,
    }
}

/// An error of JSON-RPC 1.0 or 2.0 (§5.1): its id and its code stay.
fn json_rpc(object: &mut Map<String, Value>, text: &str) -> bool {
    const MEMBERS: [&str; 4] = ["jsonrpc", "id", "result", "error"];
    let is_error = object.contains_key("id")
        && object.keys().all(|name| MEMBERS.contains(&&**name))
        && object.get("result").is_none_or(Value::is_null);
    let Some(Value::Object(error)) = object.get("error").filter(|_| is_error) else { return false };
    let Some(code) = error.get("code").filter(|code| code.is_i64()) else { return false };
    let error = json!({ "code": code, "message": text });
    let id = object.get("id").filter(|id| id.is_number() || id.is_string()).cloned().unwrap_or_default();
    object.insert("id".to_owned(), id);
    object.insert("error".to_owned(), error);
    if let Some(version) = object.get_mut("jsonrpc") {
        *version = "2.0".into();
    }
    true
}

/// The errors of GraphQL (§7.1.2): a code in capitals and the path in the query stay.
fn graphql(object: &mut Map<String, Value>, text: &str) -> bool {
    const MEMBERS: [&str; 3] = ["data", "errors", "extensions"];
    if !object.keys().all(|name| MEMBERS.contains(&&**name)) {
        return false;
    }
    let Some(Value::Array(errors)) = object.get("errors") else { return false };
    let has_message = |error: &Value| error.get("message").is_some_and(Value::is_string);
    if errors.is_empty() || !errors.iter().all(has_message) {
        return false;
    }
    let errors: Vec<Value> = errors.iter().map(|error| neutral_error(error, text)).collect();
    *object = Map::from_iter([("errors".to_owned(), errors.into()), ("data".to_owned(), Value::Null)]);
    true
}

fn neutral_error(error: &Value, text: &str) -> Value {
    let is_step = |step: &Value| step.is_u64() || step.as_str().is_some_and(is_name);
    let path = error.get("path").and_then(Value::as_array).filter(|path| path.iter().all(is_step));
    let code = error.pointer("/extensions/code").and_then(Value::as_str).filter(|code| is_name(code));
    let members = [
        Some(("message".to_owned(), text.into())),
        path.map(|path| ("path".to_owned(), path.as_slice().into())),
        code.map(|code| ("extensions".to_owned(), json!({ "code": code }))),
    ];
    Value::Object(members.into_iter().flatten().collect())
}

/// Whether a text is a name of a program, and no sentence.
fn is_name(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The envelope with a fault (SOAP 1.1 §4.4, SOAP 1.2 §5.4) in place of the one that was sent; `None` if it is none.
#[cfg(feature = "xml")]
fn soap_fault(held: &Held, text: &str) -> Option<Bytes> {
    const LIMITS: StructureLimits = StructureLimits { depth: 64, members: 10_000 };
    let Ok(ParsedBody::Xml(envelope)) = parse_body(b"text/xml", &held.text, LIMITS) else { return None };
    let (prefix, _) = envelope.name.split_once(':').unwrap_or(("", &envelope.name));
    let declaration = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
    let (_, namespace) = envelope.attributes.iter().find(|(name, _)| *name == declaration)?;
    let fault = child(child(named(&envelope, "Envelope")?, "Body")?, "Fault")?;
    let fault = match &**namespace {
        SOAP_1_1 => {
            let code = local(child(fault, "faultcode")?.text.trim());
            let code = Some(code).filter(|code| is_code(code)).unwrap_or("Server");
            format!("<faultcode>soap:{code}</faultcode><faultstring>{text}</faultstring>")
        }
        SOAP_1_2 => {
            let code = local(child(child(fault, "Code")?, "Value")?.text.trim());
            let code = Some(code).filter(|code| is_code(code)).unwrap_or("Receiver");
            let reason = format!("<soap:Reason><soap:Text xml:lang=\"en\">{text}</soap:Text></soap:Reason>");
            format!("<soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>{reason}")
        }
        _ => return None,
    };
    let envelope = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<soap:Envelope xmlns:soap=\"{namespace}\"><soap:Body><soap:Fault>\
         {fault}</soap:Fault></soap:Body></soap:Envelope>"
    );
    Some(envelope.into())
}

/// Without the reader of XML, there is no telling.
#[cfg(not(feature = "xml"))]
fn soap_fault(_: &Held, _: &str) -> Option<Bytes> {
    None
}

#[cfg(feature = "xml")]
const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
#[cfg(feature = "xml")]
const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";

#[cfg(feature = "xml")]
fn child<'x>(parent: &'x XmlElement, name: &str) -> Option<&'x XmlElement> {
    parent.children.iter().find_map(|child| named(child, name))
}

#[cfg(feature = "xml")]
fn named<'x>(element: &'x XmlElement, name: &str) -> Option<&'x XmlElement> {
    Some(element).filter(|element| local(&element.name) == name)
}

/// A name without its prefix.
#[cfg(feature = "xml")]
fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// Whether a text is a code of a fault: `Client.NotFound`.
#[cfg(feature = "xml")]
fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_documents_keep_their_form_and_lose_their_texts() {
        for (before, after) in [
            (
                json!({ "jsonrpc": "2.0", "id": 7, "error": { "code": -32603, "message": "no table t", "data": "x" } }),
                Some(json!({ "jsonrpc": "2.0", "id": 7, "error": { "code": -32603, "message": "!" } })),
            ),
            (
                json!([{ "jsonrpc": "2.0", "id": "a", "error": { "code": 1, "message": "m" } }]),
                Some(json!([{ "jsonrpc": "2.0", "id": "a", "error": { "code": 1, "message": "!" } }])),
            ),
            (
                json!({ "result": null, "id": { "secret": 1 }, "error": { "code": -8, "message": "m" } }),
                Some(json!({ "result": null, "id": null, "error": { "code": -8, "message": "!" } })),
            ),
            (
                json!({ "data": { "me": 1 }, "errors": [
                    { "message": "at db.js:3", "path": ["a", 0], "extensions": { "code": "FAILED", "stack": [] } }
                ] }),
                Some(json!({ "data": null, "errors": [
                    { "message": "!", "path": ["a", 0], "extensions": { "code": "FAILED" } }
                ] })),
            ),
            (json!({ "errors": [{ "message": "m" }], "trace": "x" }), None),
            (json!({ "id": 1, "error": { "code": 1, "message": "m" }, "trace": "x" }), None),
            (json!({ "id": 1, "error": "no table t" }), None),
            (json!({ "message": "no table t" }), None),
            (json!([]), None),
        ] {
            let mut value = before.clone();
            let is_neutral = neutralize(&mut value, "!");
            assert_eq!(is_neutral.then_some(value), after, "{before}");
        }
    }
}

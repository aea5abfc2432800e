//! Which attempts have failed, for limits that count failures.
//!
//! The status says it where it can. Of a token endpoint, only what RFC 6749 §5.2 calls a wrong credential counts, because its
//! clients ask in a loop. A login that is answered with 200 has failed if the answer hands out neither a cookie nor a token. Some
//! servers give a cookie to whoever comes: one beside an error, or on a page that asks for the password again, is no success.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, SET_COOKIE};
use http::response::Parts;
use http::{HeaderMap, Response, StatusCode};
use inputs::ParsedBody;
use policy::{Alike, BuiltInDoor, is_token_endpoint};
use serde_json::{Value, json};

use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, title};
use crate::doors::Step;
use crate::doors::cookies::{is_for_scripts, is_removal};
use crate::doors::inspector::{Extent, Head, Held, Inspector};
use crate::engine::Engine;
use crate::exchange::{Attempt, Exchange};

/// Notes what the head of the upstream's answer says of an attempt, which is answered if that is all there is to say.
pub(super) fn note_head(x: &mut Exchange<'_>, ruling: Ruling<'_>, parts: &Parts) -> Decision {
    if x.tickets.is_empty() && x.accounts.is_empty() && alike(x, ruling.engine).is_none() {
        return Decision::Pass;
    }
    x.hands_out = hands_out(&parts.headers);
    x.attempt = x.attempt.and(of_head(x, parts.status));
    answer(x, ruling.engine, &Head::new(parts))
}

/// The one answer to log ins that fail, where this is a log in.
fn alike<'e>(x: &Exchange<'_>, engine: &'e Engine) -> Option<&'e Alike> {
    engine.policy.rate.failed_logins.as_ref().filter(|_| x.route.is_login)
}

/// Answers a log in that has failed as all that do.
fn answer(x: &mut Exchange<'_>, engine: &Engine, head: &Head) -> Decision {
    let Some(alike) = alike(x, engine).filter(|_| x.attempt == Attempt::Failed) else {
        return Decision::Pass;
    };
    // A request that was no attempt at all, or that somebody has to wait for.
    if matches!(head.status.as_u16(), 405 | 408 | 413 | 415 | 429) {
        return Decision::Pass;
    }
    x.is_alike = true;
    if head.essence.contains("html") || is_token_endpoint(x.target.path()) {
        return Decision::Pass;
    }
    let content = match &alike.body {
        Some(body) => (JSON, Bytes::from(body.clone())),
        None => {
            let detail = "The name or the password is wrong.";
            let problem = json!({ "type": "about:blank", "title": title(alike.status), "status": alike.status.as_u16(), "detail": detail });
            (PROBLEM, Bytes::from(problem.to_string()))
        }
    };
    let (kind, body) = content;
    let mut response = Response::new(body);
    *response.status_mut() = alike.status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Decision::Answer(response)
}

/// How long the answer to a log in that has failed waits, so that its time tells nothing.
pub(super) fn wait(x: &Exchange<'_>, engine: &Engine) -> Option<Duration> {
    let every = alike(x, engine).filter(|_| x.is_alike)?.every.as_nanos().max(1);
    let left = every - x.asked.unwrap_or(x.started).elapsed().as_nanos() % every;
    u64::try_from(left).ok().map(Duration::from_nanos)
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

fn of_head(x: &Exchange<'_>, status: StatusCode) -> Attempt {
    if let Some(failure) = &x.route.rate.failure {
        return match (failure.status.contains(&status.as_u16()), &failure.json) {
            (true, _) => Attempt::Failed,
            (false, Some(_)) => Attempt::InBody,
            (false, None) => Attempt::Succeeded,
        };
    }
    if status.is_client_error() {
        return match is_token_endpoint(x.target.path()) {
            true if status == StatusCode::UNAUTHORIZED => Attempt::Failed,
            true if status == StatusCode::BAD_REQUEST || status == StatusCode::FORBIDDEN => Attempt::InBody,
            true => Attempt::Succeeded,
            false => Attempt::Failed,
        };
    }
    let is_login = x.route.is_login || x.graphql_log_ins > 0;
    match is_login && status == StatusCode::OK {
        true => Attempt::InBody,
        false => Attempt::Succeeded,
    }
}

/// Whether an answer's head hands out a cookie or a token.
fn hands_out(headers: &HeaderMap) -> bool {
    let mut cookies = headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.as_bytes());
    cookies.any(|cookie| !is_for_scripts(cookie) && !is_removal(cookie))
        || headers.contains_key(AUTHORIZATION)
        || headers.keys().any(|name| name.as_str().contains("token") || name.as_str().contains("session"))
}

/// Reads those answers of logins whose head does not say whether they have failed.
pub(crate) struct Attempts;

impl Inspector for Attempts {
    fn door(&self) -> Option<DoorId> {
        Some(BuiltInDoor::Rate.into())
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn expects(&self, _: &Engine, _: &Exchange<'_>) -> Option<Extent> {
        None
    }

    fn wants(&self, _: &Engine, x: &Exchange<'_>, head: &Head) -> bool {
        x.attempt == Attempt::InBody && head.essence != "text/event-stream"
    }

    fn inspect<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        held: &'a mut Held,
    ) -> Step<'a> {
        x.attempt = Attempt::of(has_failed(x, held));
        answer(x, ruling.engine, &held.head).into()
    }

    fn unseen<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, head: &Head) -> Decision {
        if x.attempt == Attempt::InBody {
            // There is no body, and so nothing is handed out in it; or nobody sees what.
            let is_login = x.route.is_login || x.graphql_log_ins > 0;
            let is_stream = head.essence == "text/event-stream";
            let is_given = x.hands_out && x.graphql_log_ins == 0;
            x.attempt = Attempt::of(is_login && !is_given && (is_stream || x.route.rate.failure.is_none()));
            return answer(x, ruling.engine, head);
        }
        Decision::Pass
    }

    fn too_large<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, head: &Head, _: &[u8]) -> Decision {
        // Who can make an answer large shall not have it forgiven.
        x.attempt = Attempt::of(x.graphql_log_ins > 0 || !x.hands_out);
        answer(x, ruling.engine, head)
    }
}

fn has_failed(x: &Exchange<'_>, held: &mut Held) -> bool {
    let status = held.head.status;
    let is_page = held.head.essence.contains("html") || held.head.essence.starts_with("multipart/");
    let value = held.value().map(|value| &*value);
    if let Some(test) = x.route.rate.failure.as_ref().and_then(|failure| failure.json.as_ref()) {
        return value.is_some_and(|value| test.holds(value));
    }
    if status.is_client_error() {
        // Of a token endpoint. What is no error of OAuth has the meaning of a login's: it had a wrong credential.
        return match value.and_then(|value| value.get("error")).and_then(Value::as_str) {
            Some(error) => ["invalid_grant", "invalid_client"].contains(&error),
            None => x.body.as_ref().is_some_and(crate::exchange::logs_in),
        };
    }
    // What the client has said itself is nothing that it was given.
    let is_echo = |text: &str| is_said(x, text);
    match value {
        // Whoever only asks whether a password is right is told so, and given nothing.
        Some(value) if x.checks_password => denies(value, true),
        Some(value) => {
            !has_token(value, 4, &is_echo) && (!x.hands_out || denies(value, x.graphql_log_ins > 0))
        }
        // GraphQL is answered in JSON.
        None if x.graphql_log_ins > 0 => true,
        None if x.hands_out => is_page && asks_for_password(&held.text),
        // The token in a page is the one of its form, and what comes in parts is no token.
        None if is_page => true,
        None => !["token", "session", "ticket", "jwt"].iter().any(|word| mentions(&held.text, word)),
    }
}

/// Whether an answer says that something was wrong, or has nothing: `errors`, `success: false`, `{ login: null }`. It is followed to
/// where something stands: what is empty within the object that somebody was given is a matter of that object.
fn denies(value: &Value, is_graphql: bool) -> bool {
    const FLAGS: [&str; 6] = ["success", "ok", "authenticated", "valid", "isvalid", "loggedin"];
    const BESIDE: [&str; 5] = ["__typename", "message", "code", "status", "extensions"];
    let is_nothing = |value: &Value| match value {
        Value::Null => true,
        // Of a REST API it may say that nothing else is asked for: `{ "second_factor": false }`.
        Value::Bool(false) => is_graphql,
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    let mut value = value;
    loop {
        let Value::Object(members) = value else { return is_nothing(value) };
        let is_told = |(name, value): (&String, &Value)| {
            let name = name.to_ascii_lowercase().replace('_', "");
            let is_status = name == "status"
                && value.as_str().is_some_and(|text| {
                    ["error", "fail", "failed", "failure"].iter().any(|word| text.eq_ignore_ascii_case(word))
                });
            let is_no = *value == Value::Bool(false);
            let is_error =
                name.starts_with("error") && !is_nothing(value) && !is_no && value.as_u64() != Some(0);
            is_error || is_status || is_no && FLAGS.contains(&name.as_str())
        };
        if members.iter().any(is_told) {
            return true;
        }
        let is_given =
            |(name, _): &(&String, &Value)| !BESIDE.contains(&name.as_str()) && !name.starts_with("error");
        let given: Vec<&Value> = members.iter().filter(is_given).map(|(_, value)| value).collect();
        match given.as_slice() {
            [only] => value = only,
            several => return !several.is_empty() && several.iter().all(|value| is_nothing(value)),
        }
    }
}

/// Whether a page has a field for a password: that of a log in which has to be tried again.
fn asks_for_password(page: &[u8]) -> bool {
    let page = page.to_ascii_lowercase();
    [&b"type=\"password\""[..], b"type=password", b"type='password'"]
        .iter()
        .any(|field| memchr::memmem::find(&page, field).is_some())
}

/// Whether a text stands in the request, as it is or as what it spells.
fn is_said(x: &Exchange<'_>, text: &str) -> bool {
    let query = x.target.query().unwrap_or("").trim_start_matches('?');
    let in_query = query.contains(text)
        || form_urlencoded::parse(query.as_bytes()).any(|(_, value)| value.contains(text));
    let Some(body) = &x.body else { return in_query };
    let in_reading = |parsed: &ParsedBody| match parsed {
        ParsedBody::Json(value) => holds(value, text),
        ParsedBody::Form(fields) => fields.iter().any(|(_, value)| value.contains(text)),
        _ => false,
    };
    #[cfg(feature = "graphql")]
    let in_literal = |parsed: &ParsedBody| {
        inputs::graphql::literals(parsed, &body.decoded).iter().any(|(_, value)| value.contains(text))
    };
    #[cfg(not(feature = "graphql"))]
    let in_literal = |_: &ParsedBody| false;
    in_query
        || memchr::memmem::find(&body.decoded, text.as_bytes()).is_some()
        || body.readings().any(|parsed| in_reading(parsed) || in_literal(parsed))
}

/// Whether a text stands in a value.
fn holds(value: &Value, text: &str) -> bool {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::String(said) if said.contains(text) => return true,
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.values()),
            _ => {}
        }
    }
    false
}

/// Whether a document has a text under a name of tokens that may be one.
fn has_token(value: &Value, depth: usize, is_echo: &dyn Fn(&str) -> bool) -> bool {
    const NAMES: [&str; 9] =
        ["token", "jwt", "session", "access", "ticket", "apikey", "api_key", "bearer", "sid"];
    let is_one = |text: &str| text.len() >= 8 && !text.contains(char::is_whitespace) && !is_echo(text);
    let is_named = |name: &str| {
        let name = name.to_ascii_lowercase();
        NAMES.iter().any(|known| name.contains(known))
    };
    match value {
        // A bare text: a JSON Web Token.
        Value::String(text) => text.starts_with("eyJ") && text.split('.').count() == 3 && is_one(text),
        Value::Object(members) => members.iter().any(|(name, value)| match value {
            Value::String(text) => is_named(name) && is_one(text) || has_token(value, 0, is_echo),
            Value::Object(_) | Value::Array(_) => depth > 0 && has_token(value, depth - 1, is_echo),
            _ => false,
        }),
        Value::Array(items) => depth > 0 && items.iter().any(|item| has_token(item, depth - 1, is_echo)),
        _ => false,
    }
}

fn mentions(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_denies_by_an_error_or_with_nothing_in_it() {
        for (value, is_denied) in [
            (json!({ "errors": [{ "message": "wrong" }], "data": { "login": null } }), true),
            (json!({ "data": { "login": null } }), true),
            (json!({ "data": { "login": { "user": null, "message": "wrong" } } }), true),
            (json!({ "data": { "login": { "success": false, "user": { "id": 1 } } } }), true),
            (json!({ "data": { "verifyPassword": false } }), true),
            (json!({ "ok": false }), true),
            (json!({ "status": "error", "id": 1 }), true),
            (json!({ "error": "wrong" }), true),
            (json!(null), true),
            (json!({ "data": { "login": { "user": { "id": 1, "avatar": null } } } }), false),
            (json!({ "data": { "login": { "id": 1 } }, "errors": [] }), false),
            (json!({ "data": { "verifyPassword": true } }), false),
            (json!({ "id": 1, "error": null, "errors": [], "error_code": 0 }), false),
            (json!({ "message": "welcome" }), false),
            // What is empty within the object that somebody was given says nothing.
            (
                json!({ "user": { "id": 1, "settings": { "newsletter": false }, "profile": { "avatar": null } } }),
                false,
            ),
            (json!({ "user": { "id": 1, "valid": false } }), true),
            (json!({ "status": "finished", "id": 1 }), false),
            (json!({ "status": "ok", "next": null, "id": 1 }), false),
            (json!({}), false),
        ] {
            assert_eq!(denies(&value, true), is_denied, "{value}");
        }
    }

    #[test]
    fn of_a_rest_api_a_plain_no_is_no_denial() {
        assert!(!denies(&json!({ "second_factor": false }), false));
        assert!(denies(&json!({ "ok": false }), false) && denies(&json!({ "user": null }), false));
    }

    #[test]
    fn a_token_is_a_text_under_its_name() {
        for (value, has) in [
            (json!({ "access_token": "0123456789" }), true),
            (json!({ "data": { "user": { "sessionId": "abcdefgh-1" } } }), true),
            (json!([{ "token": "0123456789" }]), true),
            (json!("eyJh.eyJz.c2ln"), true),
            (json!("john.doe@mail.example"), false),
            (json!({ "token": "said-by-the-client" }), false),
            (json!({ "jwt_is": "eyJh.eyJz.c2ln" }), true),
            (json!({ "token": null, "error": "wrong password" }), false),
            (json!({ "token": "", "ok": false }), false),
            (json!({ "session": "has ended, log in again" }), false),
            (json!({ "ok": true, "message": "wrong" }), false),
            (json!("wrong"), false),
        ] {
            assert_eq!(has_token(&value, 4, &|text| text == "said-by-the-client"), has, "{value}");
        }
    }
}

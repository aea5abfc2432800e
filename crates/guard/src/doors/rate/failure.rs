//! Which attempts have failed, for limits that count failures.
//!
//! The status says it where it can. Of a token endpoint, only what RFC 6749 §5.2 calls a wrong credential counts, because its
//! clients ask in a loop. A login that is answered with 200 has failed if the answer hands out neither a cookie nor a token.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, SET_COOKIE};
use http::response::Parts;
use http::{HeaderMap, Response, StatusCode};
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
    if x.tickets.is_empty() && alike(x, ruling.engine).is_none() {
        return Decision::Pass;
    }
    x.attempt = x.attempt.and(of_head(x, parts.status, &parts.headers));
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

fn of_head(x: &Exchange<'_>, status: StatusCode, headers: &HeaderMap) -> Attempt {
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
    match is_login && status == StatusCode::OK && !hands_out(headers) {
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
            x.attempt = Attempt::of(is_login && (is_stream || x.route.rate.failure.is_none()));
            return answer(x, ruling.engine, head);
        }
        Decision::Pass
    }

    fn too_large<'e>(&self, ruling: Ruling<'e>, x: &mut Exchange<'e>, head: &Head, _: &[u8]) -> Decision {
        // Who can make an answer large shall not have it forgiven.
        x.attempt = Attempt::Failed;
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
        Some(value) => !has_token(value, 4, &is_echo),
        // The token in a page is the one of its form, what comes in parts is no token, and GraphQL is answered in JSON.
        None if is_page || x.graphql_log_ins > 0 => true,
        None => !["token", "session", "ticket", "jwt"].iter().any(|word| mentions(&held.text, word)),
    }
}

/// Whether a text stands in the request.
fn is_said(x: &Exchange<'_>, text: &str) -> bool {
    let in_body =
        x.body.as_ref().is_some_and(|body| memchr::memmem::find(&body.decoded, text.as_bytes()).is_some());
    in_body || x.target.query().is_some_and(|query| query.contains(text))
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

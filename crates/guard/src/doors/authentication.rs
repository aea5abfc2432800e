//! Authentication: "whose token is this, and does it still hold?" ([guide §8])
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use std::sync::Arc;

use http::StatusCode;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use identity::Principal;
use inputs::cookie_readings;
use policy::{AuthRequirement, BuiltInDoor};

use super::Step;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Change, Decision, Refusal, Rewrite};
use crate::engine::Engine;
use crate::events::evidence::Evidence;
use crate::exchange::Exchange;

/// The door.
pub(crate) struct Authentication;

impl super::Door for Authentication {
    fn id(&self) -> DoorId {
        BuiltInDoor::Authentication.into()
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        let engine = ruling.engine;
        // Somebody else has verified who asks.
        if x.principal.is_some() {
            return scopes(x).into();
        }
        if engine.policy.auth.is_empty() || x.route.auth.require == AuthRequirement::Off {
            return Step::PASS;
        }
        Step::later(admit(x, engine))
    }
}

/// Verifies the credential and notes the principal.
async fn admit(x: &mut Exchange<'_>, engine: &Engine) -> Decision {
    let declared = x.operation().is_some_and(|operation| operation.is_secured());
    let required =
        x.route.auth.require == AuthRequirement::Required || declared || !x.route.auth.scopes.is_empty();
    let credentials = match verify(x, engine).await {
        Ok(credentials) => credentials,
        // A login replaces whatever credential the client still has.
        Err(_) if !required && &*x.route.name == "login" => return Decision::Pass,
        Err((rule, evidence)) => return refuse(rule, evidence, "error=\"invalid_token\""),
    };
    x.principal = credentials.principal;
    if x.principal.is_none() && required {
        return refuse("no-credential", "none".into(), "");
    }
    match scopes(x) {
        // An API that reads a credential which nobody verified would believe whatever it says.
        Decision::Pass if !credentials.unverified.is_empty() => {
            let evidence = Evidence::names(credentials.unverified.iter().map(|(name, _)| name.as_str()));
            let change = Change::Headers(credentials.unverified);
            Decision::Rewrite(Rewrite::new("unverified-credential", evidence, change))
        }
        decision => decision,
    }
}

/// Whether the principal has the scopes that route and operation ask for.
fn scopes(x: &Exchange<'_>) -> Decision {
    let Some(principal) = &x.principal else { return Decision::Pass };
    let missing = x.route.auth.scopes.iter().find(|scope| !principal.scopes.contains(scope));
    let undeclared = x.operation().filter(|operation| !operation.allows(&principal.scopes));
    let evidence = match (missing, undeclared) {
        (Some(missing), _) => format!("no scope {missing}"),
        (None, Some(operation)) => format!("none of the scopes that {} asks for", operation.id),
        (None, None) => return Decision::Pass,
    };
    Decision::Refuse(
        Refusal::new(StatusCode::FORBIDDEN, "scope", evidence)
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"insufficient_scope\"")),
    )
}

/// What a request presents: whom it comes from, and what was not verified.
#[derive(Default)]
struct Credentials {
    principal: Option<Arc<Principal>>,
    /// Headers without the credentials that could not be verified.
    unverified: Vec<(HeaderName, Option<HeaderValue>)>,
}

/// Verifies every credential that is there: bearer token, API key, session cookie. A token or key that does not hold is
/// an error; a session that has ended is no session.
async fn verify(x: &Exchange<'_>, engine: &Engine) -> Result<Credentials, (&'static str, String)> {
    let auth = &engine.policy.auth;
    let now = x.unix_time();
    let mut credentials = Credentials::default();
    if let Some(value) = x.headers.get(AUTHORIZATION) {
        match bearer(value.as_bytes()) {
            Some(token) => {
                let token = std::str::from_utf8(token).map_err(|_| ("token", "not ASCII".to_owned()))?;
                let verified = engine.authenticator.token(token, now).await;
                credentials.principal = Some(verified.map_err(|e| ("token", e.to_string()))?);
            }
            None => credentials.unverified.push((AUTHORIZATION, None)),
        }
    }
    let mut keys = x.headers.get_all(&auth.api_key_header).iter();
    if let Some(key) = keys.next() {
        let known = key.to_str().ok().and_then(|key| engine.authenticator.api_key(key, now));
        let (Some(principal), None) = (known, keys.next()) else {
            return Err(("api-key", "an API key that is not known, or has ended, or is one of two".into()));
        };
        let other = credentials.principal.as_ref().filter(|other| other.subject != principal.subject);
        if other.is_some() {
            return Err(("two-subjects", "token and API key are of different subjects".into()));
        }
        credentials.principal.get_or_insert(principal);
    }
    let Some(name) = &auth.cookie else { return Ok(credentials) };
    let header = x.headers.get(COOKIE).map_or(&b""[..], |value| value.as_bytes());
    let mut sessions = cookie_readings(header).filter(|(cookie, _)| *cookie == name.as_bytes());
    let mut is_verified = true;
    if let Some((_, token)) = sessions.next() {
        if sessions.next().is_some() {
            return Err(("two-sessions", format!("the cookie {name} twice")));
        }
        let token = std::str::from_utf8(token).unwrap_or_default();
        match (&credentials.principal, engine.authenticator.token(token, now).await.ok()) {
            (None, Some(session)) => credentials.principal = Some(session),
            (Some(principal), Some(session)) if principal.subject == session.subject => {}
            _ => is_verified = false,
        }
    }
    // The session itself, and what some server would take for it.
    let is_taken = |piece: &[u8]| match piece_name(piece) {
        own if own == name.as_bytes() => !is_verified,
        _ => is_disguised(piece, name),
    };
    if header.split(|byte| *byte == b';').any(is_taken) {
        let kept: Vec<&[u8]> = header
            .split(|byte| *byte == b';')
            .filter(|piece| !is_taken(piece))
            .map(<[u8]>::trim_ascii)
            .collect();
        let value = HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok().filter(|value| !value.is_empty());
        credentials.unverified.push((COOKIE, value));
    }
    Ok(credentials)
}

/// The name of a piece of a `Cookie` header.
fn piece_name(piece: &[u8]) -> &[u8] {
    piece.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii()
}

/// Whether a server would read a cookie of this name in a piece that has another one: PHP folds `.`, blanks and `[` to
/// `_`, Werkzeug and Django strip Unicode's blanks, and Python's `SimpleCookie` ends a value at a blank.
fn is_disguised(piece: &[u8], name: &str) -> bool {
    let fold = |text: &str| {
        let text = text.split(['\0', '[']).next().unwrap_or_default();
        text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{fffd}')
            .replace(['.', ' '], "_")
    };
    let text = String::from_utf8_lossy(piece);
    let key = text.split('=').next().unwrap_or_default();
    let is_folded =
        |key: &str| fold(key) == fold(name) || key.trim().replace(['.', ' ', '['], "_") == fold(name);
    is_folded(key)
        || text
            .split_whitespace()
            .skip(1)
            .any(|word| word.split_once('=').is_some_and(|(key, _)| key == name))
}

/// The token of `Bearer token`, whatever blank stands between: servers split at any.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let end = value.iter().position(u8::is_ascii_whitespace)?;
    let (scheme, token) = value.split_at_checked(end)?;
    scheme.eq_ignore_ascii_case(b"bearer").then(|| token.trim_ascii())
}

fn refuse(rule: &'static str, evidence: String, hint: &str) -> Decision {
    let challenge = format!("Bearer {hint}");
    let challenge = HeaderValue::try_from(challenge.trim()).unwrap_or(HeaderValue::from_static("Bearer"));
    Decision::Refuse(
        Refusal::new(StatusCode::UNAUTHORIZED, rule, evidence).header(WWW_AUTHENTICATE, challenge),
    )
}

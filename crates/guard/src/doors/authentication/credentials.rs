//! What a request presents, verified.

use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE, HeaderValue};
use identity::Principal;
use inputs::{cookie_readings, pairs};
use openapi::Location;

use super::declared;
use super::presented::{Credentials, bearer};
use crate::engine::Engine;
use crate::exchange::Exchange;

/// Verifies every credential that is there: bearer token, API key, session cookie. A token or key that does not hold is
/// an error; a session that has ended is no session.
pub(super) async fn verify(x: &Exchange<'_>, engine: &Engine) -> Result<Credentials, (&'static str, String)> {
    let auth = &engine.policy.auth;
    let now = x.unix_time();
    let mut credentials = Credentials::default();
    if let Some(value) = x.headers.get(AUTHORIZATION) {
        let is_for_api = declared::is_for_api(x, engine, value.as_bytes());
        match bearer(value.as_bytes()).filter(|_| !is_for_api) {
            Some(token) => {
                let token = std::str::from_utf8(token).map_err(|_| ("token", "not ASCII".to_owned()))?;
                let verified = engine.authenticator.token(token, now).await;
                let verified = verified.map_err(|e| ("token", e.to_string()))?;
                if is_bound_elsewhere(x, &verified) {
                    return Err(("token", "bound to the certificate of another client (cnf)".into()));
                }
                credentials.principal = Some(verified);
                credentials.by.token = true;
            }
            // What the document lets the API verify by itself is the API's.
            None if is_for_api => {}
            // A client of OAuth that asks for a token (RFC 6749 §2.3.1).
            None if x.is_login() && declared::is_of_scheme(value.as_bytes(), "basic") => {}
            None => credentials.unverified.push((AUTHORIZATION, None)),
        }
    }
    let keys: Vec<Option<String>> = presented_keys(x, engine);
    if let Some(key) = keys.first() {
        let known = key.as_ref().and_then(|key| engine.authenticator.api_key(key, now));
        let (Some(principal), 1) = (known, keys.len()) else {
            return Err(("api-key", "an API key that is not known, or has ended, or is one of two".into()));
        };
        let other = credentials.principal.as_ref().filter(|other| other.subject != principal.subject);
        if other.is_some() && !declared::takes_both(x) {
            return Err(("two-subjects", "token and API key are of different subjects".into()));
        }
        credentials.principal.get_or_insert(principal);
        credentials.by.key = true;
    }
    let Some(name) = &auth.cookie else { return Ok(by_certificate(x, credentials)) };
    let header = x.headers.get(COOKIE).map_or(&b""[..], |value| value.as_bytes());
    let mut sessions = cookie_readings(header).filter(|(cookie, _)| *cookie == name.as_bytes());
    let mut is_verified = true;
    if let Some((_, token)) = sessions.next() {
        if sessions.next().is_some() {
            return Err(("two-sessions", format!("the cookie {name} twice")));
        }
        let token = std::str::from_utf8(token).unwrap_or_default();
        match (&credentials.principal, engine.authenticator.token(token, now).await.ok()) {
            (None, Some(session)) if !is_bound_elsewhere(x, &session) => {
                credentials.principal = Some(session);
                credentials.by.token = true;
            }
            (Some(principal), Some(session)) if principal.subject == session.subject => {}
            _ => is_verified = false,
        }
    }
    credentials.unverified.extend(without_session(header, name, is_verified).map(|kept| (COOKIE, kept)));
    Ok(by_certificate(x, credentials))
}

/// Whoever shows nothing else is who he is by his client certificate.
fn by_certificate(x: &Exchange<'_>, mut credentials: Credentials) -> Credentials {
    if let Some(certificate) = x.certificate() {
        credentials.by.certificate = credentials.principal.is_none();
        credentials.principal.get_or_insert_with(|| Arc::clone(certificate));
    }
    credentials
}

/// Whether a token is bound to a certificate that the client has not shown (RFC 8705 §3).
fn is_bound_elsewhere(x: &Exchange<'_>, token: &Principal) -> bool {
    const THUMBPRINT: &str = "x5t#S256";
    let Some(cnf) = token.claim("cnf") else { return false };
    // Other keys (DPoP) are shown in ways that nobody here looks at.
    let Some(bound) = cnf.get(THUMBPRINT) else { return true };
    x.certificate().and_then(|certificate| certificate.claim(THUMBPRINT)) != Some(bound)
}

/// Nothing that the gate could verify: all of it is taken away.
pub(super) fn without_any(x: &Exchange<'_>, engine: &Engine) -> Credentials {
    let auth = &engine.policy.auth;
    let is_bearer = x.headers.get(AUTHORIZATION).is_some_and(|value| bearer(value.as_bytes()).is_some());
    let cookies = x.headers.get(COOKIE).zip(auth.cookie.as_ref());
    let kept = cookies.and_then(|(header, name)| without_session(header.as_bytes(), name, false));
    let key = auth.knows_keys().then(|| (auth.api_key_header.clone(), None));
    let token = is_bearer.then_some((AUTHORIZATION, None));
    let unverified = token.into_iter().chain(key).chain(kept.map(|kept| (COOKIE, kept))).collect();
    Credentials { unverified, ..Credentials::default() }
}

/// The cookies without the session, where that was not verified, and without what some server would take for it; `None`
/// where all of them stay.
fn without_session(header: &[u8], name: &str, is_verified: bool) -> Option<Option<HeaderValue>> {
    let is_taken = |piece: &[u8]| match piece_name(piece) {
        own if own == name.as_bytes() => !is_verified,
        _ => is_disguised(piece, name),
    };
    let pieces = || header.split(|byte| *byte == b';');
    if !pieces().any(is_taken) {
        return None;
    }
    let kept: Vec<&[u8]> = pieces().filter(|piece| !is_taken(piece)).map(<[u8]>::trim_ascii).collect();
    Some(HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok().filter(|value| !value.is_empty()))
}

/// The API keys of a request: in the header that the policy names, and where the document says that keys stand, if the
/// policy knows any. `None` for one that is no text.
fn presented_keys(x: &Exchange<'_>, engine: &Engine) -> Vec<Option<String>> {
    let auth = &engine.policy.auth;
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    if !auth.knows_keys() {
        return Vec::new();
    }
    let mut keys: Vec<Option<String>> = x.headers.get_all(&auth.api_key_header).iter().map(text).collect();
    for (location, name) in declared::keys(x) {
        match location {
            Location::Header if auth.api_key_header.as_str().eq_ignore_ascii_case(name) => {}
            Location::Header if AUTHORIZATION.as_str().eq_ignore_ascii_case(name) => {}
            Location::Header => keys.extend(x.headers.get_all(name).iter().map(text)),
            Location::Query => {
                let query = x.target.query().unwrap_or("").as_bytes();
                keys.extend(
                    pairs(query).filter(|(own, _)| own == name).map(|(_, value)| Some(value.into_owned())),
                );
            }
            // A cookie may be a session that the API knows.
            Location::Cookie | Location::Path => {}
        }
    }
    keys
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
            .to_lowercase()
    };
    let text = String::from_utf8_lossy(piece);
    let key = text.split('=').next().unwrap_or_default();
    let is_folded = |key: &str| fold(key) == fold(name) || fold(&key.replace('[', "_")) == fold(name);
    let unescaped = percent_encoding::percent_decode_str(key).decode_utf8_lossy();
    is_folded(key) || is_folded(&unescaped) || stands_behind_blank(&text, name)
}

/// Whether a cookie of this name stands in a piece behind a blank or a comma, where some servers end the one before it.
fn stands_behind_blank(piece: &str, name: &str) -> bool {
    let mut words =
        piece.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).peekable();
    let mut is_first = true;
    while let Some(word) = words.next() {
        let rest = word.strip_prefix(name).filter(|_| !is_first);
        let mut is_followed = || words.peek().is_some_and(|next| next.starts_with('='));
        if rest.is_some_and(|rest| rest.starts_with('=') || (rest.is_empty() && is_followed())) {
            return true;
        }
        is_first = false;
    }
    false
}

//! What a request presents.

use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use identity::Principal;

use crate::engine::Engine;
use crate::exchange::{Exchange, VerifiedBy};

/// What a request presents: whom it comes from, and what was not verified.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) principal: Option<Arc<Principal>>,
    /// How it was presented.
    pub(super) by: VerifiedBy,
    /// Headers without the credentials that could not be verified.
    pub(super) unverified: Vec<(HeaderName, Option<HeaderValue>)>,
}

impl Credentials {
    /// None of what the gate could verify: all of it is taken away.
    pub(super) fn unverified(x: &Exchange<'_>, engine: &Engine) -> Self {
        let auth = &engine.policy.auth;
        let is_bearer = x.headers.get(AUTHORIZATION).is_some_and(|value| bearer(value.as_bytes()).is_some());
        let cookie = auth.cookie.as_ref().and_then(|name| {
            let header = x.headers.get(COOKIE)?.as_bytes();
            let is_session =
                |piece: &&[u8]| String::from_utf8_lossy(piece).to_lowercase().contains(&name.to_lowercase());
            let pieces = header.split(|byte| *byte == b';');
            let kept: Vec<&[u8]> =
                pieces.filter(|piece| !is_session(piece)).map(<[u8]>::trim_ascii).collect();
            let value =
                HeaderValue::from_bytes(&kept.join(&b"; "[..])).ok().filter(|value| !value.is_empty());
            Some((COOKIE, value))
        });
        let key = (!auth.api_keys.is_empty()).then(|| (auth.api_key_header.clone(), None));
        let token = is_bearer.then_some((AUTHORIZATION, None));
        Credentials {
            unverified: token.into_iter().chain(key).chain(cookie).collect(),
            ..Credentials::default()
        }
    }
}

/// The token of `Bearer token`, whatever blank stands between: servers split at any.
pub(super) fn bearer(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let end = value.iter().position(u8::is_ascii_whitespace)?;
    let (scheme, token) = value.split_at_checked(end)?;
    scheme.eq_ignore_ascii_case(b"bearer").then(|| token.trim_ascii())
}

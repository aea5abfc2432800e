//! Authentication: "whose token is this, and does it still hold?" ([guide §8])
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use std::sync::Arc;

use http::StatusCode;
use http::header::{AUTHORIZATION, COOKIE, HeaderValue, WWW_AUTHENTICATE};
use identity::Principal;
use inputs::cookies;
use policy::{AuthRequirement, Door};

use super::Step;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Decision, Refusal};
use crate::engine::Engine;
use crate::exchange::Exchange;

/// The door.
pub(crate) struct Authentication;

impl super::Door for Authentication {
    fn id(&self) -> DoorId {
        Door::Authentication.into()
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
    match verify(x, engine).await {
        Ok(principal) => x.principal = principal,
        // A login replaces whatever credential the client still has.
        Err(_) if !required && &*x.route.name == "login" => {}
        Err((rule, evidence)) => return refuse(rule, evidence, "error=\"invalid_token\""),
    }
    if x.principal.is_none() {
        return if required { refuse("no-credential", "none".into(), "") } else { Decision::Pass };
    }
    scopes(x)
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

/// The principal of the first credential found: bearer token, API key, cookie. `None` when there is none.
async fn verify(x: &Exchange<'_>, engine: &Engine) -> Result<Option<Arc<Principal>>, (&'static str, String)> {
    let auth = &engine.policy.auth;
    let now = x.unix_time();
    if let Some(value) = x.headers.get(AUTHORIZATION) {
        let text = value.to_str().map_err(|_| ("token", "not ASCII".to_owned()))?;
        if let Some((scheme, token)) = text.split_once(' ')
            && scheme.eq_ignore_ascii_case("bearer")
        {
            let verified = engine.authenticator.token(token.trim(), now).await;
            return verified.map(Some).map_err(|e| ("token", e.to_string()));
        }
    }
    if let Some(key) = x.header(&auth.api_key_header) {
        return match engine.authenticator.api_key(key, now) {
            Some(principal) => Ok(Some(principal)),
            None => Err(("api-key", "an API key that is not known, or has ended".into())),
        };
    }
    if let Some(name) = &auth.cookie {
        let mut values = x.headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(cookies);
        if let Some((_, token)) = values.find(|(cookie, _)| cookie == name) {
            // A session that has ended is no session.
            return Ok(engine.authenticator.token(token, now).await.ok());
        }
    }
    Ok(None)
}

fn refuse(rule: &'static str, evidence: String, hint: &str) -> Decision {
    let challenge = format!("Bearer {hint}");
    let challenge = HeaderValue::try_from(challenge.trim()).unwrap_or(HeaderValue::from_static("Bearer"));
    Decision::Refuse(
        Refusal::new(StatusCode::UNAUTHORIZED, rule, evidence).header(WWW_AUTHENTICATE, challenge),
    )
}

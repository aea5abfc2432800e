//! Authentication: "whose token is this, and does it still hold?" ([guide §8])
//!
//! Whatever a request presents is verified or taken away. Where the document asks for a credential, one of its schemes has
//! to be there, also where nobody is configured who verifies it.
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

mod credentials;
mod declared;
mod presented;

use http::StatusCode;
use http::header::{AUTHORIZATION, COOKIE, HeaderValue, WWW_AUTHENTICATE};
use identity::is_unsigned;
use inputs::{is_same_name, pairs, top_names};
use policy::{AuthRequirement, BuiltInDoor};

use super::Step;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::Ruling;
use crate::decision::{Change, Decision, Refusal, Rewrite};
use crate::engine::Engine;
use crate::events::evidence::Evidence;
use crate::exchange::Exchange;
use credentials::{verify, without_any};
use declared::Fulfilled;

/// The door.
pub(crate) struct Authentication;

impl super::Door for Authentication {
    fn id(&self) -> DoorId {
        BuiltInDoor::Authentication.into()
    }

    fn judges_by_route(&self) -> bool {
        true
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        let engine = ruling.engine;
        // Somebody else has verified who asks, or another reading of the request.
        if x.principal.is_some() {
            return decide(x, engine).into();
        }
        if x.route.auth.require == AuthRequirement::Off {
            return Step::PASS;
        }
        if presents_unsigned(x) {
            return refuse(
                "token-unsigned",
                "a token that nobody has signed".into(),
                "error=\"invalid_token\"",
            )
            .into();
        }
        if engine.policy.auth.is_empty() {
            return decide(x, engine).into();
        }
        Step::later(admit(x, engine))
    }
}

/// Verifies the credentials and notes the principal.
async fn admit(x: &mut Exchange<'_>, engine: &Engine) -> Decision {
    let mut credentials = match verify(x, engine).await {
        Ok(credentials) => credentials,
        // A login replaces whatever credential the client still has, which is of no use there.
        Err(_) if x.is_login() => without_any(x, engine),
        Err((rule, evidence)) => return refuse(rule, evidence, "error=\"invalid_token\""),
    };
    (x.principal, x.verified_by) = (credentials.principal.take(), credentials.by);
    match decide(x, engine) {
        // An API that reads a credential which nobody verified would believe whatever it says.
        Decision::Pass if !credentials.unverified.is_empty() => {
            let evidence = Evidence::names(credentials.unverified.iter().map(|(name, _)| name.as_str()));
            let change = Change::Headers(credentials.unverified);
            Decision::Rewrite(Rewrite::new("unverified-credential", evidence, change))
        }
        decision => decision,
    }
}

/// Whether nobody may use a route without a credential that the gate has verified.
fn needs_principal(x: &Exchange<'_>) -> bool {
    x.route.auth.require == AuthRequirement::Required || !x.route.auth.scopes.is_empty()
}

/// Whether what was presented is what route and document ask for.
fn decide(x: &Exchange<'_>, engine: &Engine) -> Decision {
    if x.principal.is_none() && needs_principal(x) {
        return refuse("no-credential", "none".into(), "");
    }
    let missing = x
        .principal
        .iter()
        .find_map(|principal| x.route.auth.scopes.iter().find(|scope| !principal.scopes.contains(scope)));
    if let Some(missing) = missing {
        return forbid(format!("no scope {missing}"));
    }
    let Some(operation) = x.operation().filter(|operation| operation.security.is_needed()) else {
        return Decision::Pass;
    };
    match declared::fulfilled(x, engine, &operation.security) {
        Fulfilled::Yes => Decision::Pass,
        Fulfilled::NoScope => forbid(format!("none of the scopes that {} asks for", operation.id)),
        Fulfilled::No => {
            let asked = declared::names(&operation.security);
            refuse("no-credential", format!("{} asks for {asked}", operation.id), "")
        }
    }
}

/// Whether a token is there that says of itself that nobody has signed it: in `Authorization`, under whatever scheme, in
/// a cookie, escaped or in quotes, or in `access_token` of the query (RFC 6750 §2.3), as servers fold that name.
fn presents_unsigned(x: &Exchange<'_>) -> bool {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b"\"',;".contains(byte);
    let words = |value: &[u8]| {
        // A word may be a cookie with its name in front.
        let behind_name = |word: &[u8]| {
            let at = word.iter().position(|byte| *byte == b'=')?;
            word.get(at + 1..).map(is_unsigned)
        };
        value.split(is_between).any(|word| is_unsigned(word) || behind_name(word) == Some(true))
    };
    let in_query = || {
        let mut pairs = pairs(x.target.query().unwrap_or("").as_bytes());
        let is_token = |name: &str| top_names(name).any(|name| is_same_name(name, "access_token"));
        pairs.any(|(name, value)| is_token(&name) && words(value.as_bytes()))
    };
    let in_cookie = |value: &[u8]| {
        words(value)
            || value.contains(&b'%') && words(&percent_encoding::percent_decode(value).collect::<Vec<u8>>())
    };
    x.headers.get_all(AUTHORIZATION).iter().any(|value| words(value.as_bytes()))
        || x.headers.get_all(COOKIE).iter().any(|header| in_cookie(header.as_bytes()))
        || in_query()
}

fn forbid(evidence: String) -> Decision {
    let challenge = HeaderValue::from_static("Bearer error=\"insufficient_scope\"");
    Decision::Refuse(
        Refusal::new(StatusCode::FORBIDDEN, "scope", evidence).header(WWW_AUTHENTICATE, challenge),
    )
}

fn refuse(rule: &'static str, evidence: String, hint: &str) -> Decision {
    let challenge = format!("Bearer {hint}");
    let challenge = HeaderValue::try_from(challenge.trim()).unwrap_or(HeaderValue::from_static("Bearer"));
    Decision::Refuse(
        Refusal::new(StatusCode::UNAUTHORIZED, rule, evidence).header(WWW_AUTHENTICATE, challenge),
    )
}

//! Authentication: "whose token is this, and does it still hold?" ([guide §8])
//!
//! Whatever a request presents is verified or taken away. Where the document asks for a credential, one of its schemes has
//! to be there, also where nobody is configured who verifies it.
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

mod credentials;
mod declared;
mod presented;

use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, COOKIE, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use identity::{Principal, is_unsigned};
use inputs::{is_same_name, pairs, top_names};
use policy::{Assurance, AuthRequirement, BuiltInDoor};

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
        if engine.policy.auth.is_empty() && x.certificate().is_none() {
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
    let auth = &x.route.auth;
    auth.require == AuthRequirement::Required
        || !auth.scopes.is_empty()
        || !auth.roles.is_empty()
        || !auth.permissions.is_empty()
        || !auth.assurance.is_empty()
        || auth.max_auth_age.is_some()
}

/// Whether what was presented is what route and document ask for.
fn decide(x: &Exchange<'_>, engine: &Engine) -> Decision {
    if x.principal.is_none() && needs_principal(x) {
        let refusal =
            || Refusal::new(StatusCode::SEE_OTHER, "no-credential", "none: sent to log in".to_owned());
        return log_in(x, engine, "continue?", refusal)
            .unwrap_or_else(|| refuse("no-credential", "none".into(), ""));
    }
    let missing = x
        .principal
        .iter()
        .find_map(|principal| x.route.auth.scopes.iter().find(|scope| !principal.scopes.contains(scope)));
    if let Some(missing) = missing {
        return forbid(format!("no scope {missing}"));
    }
    if let Some(principal) = &x.principal
        && let Some(refusal) = too_little(x, engine, principal)
    {
        return refusal;
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

/// Sends a person who opens a page to the user service, which sends him back once it knows him, or knows more of him.
fn log_in(
    x: &Exchange<'_>,
    engine: &Engine,
    page: &str,
    refusal: impl FnOnce() -> Refusal,
) -> Option<Decision> {
    let service = engine.policy.auth.service.as_ref()?;
    let accepts = |value: &HeaderValue| value.to_str().is_ok_and(|value| value.contains("text/html"));
    let is_page = x.method == Method::GET && x.headers.get(ACCEPT).is_some_and(accepts);
    if !is_page {
        return None;
    }
    let mut next = x.target.sent_path().to_owned();
    if let Some(query) = x.target.query() {
        next = format!("{next}?{query}");
    }
    let next = percent_encoding::utf8_percent_encode(&next, percent_encoding::NON_ALPHANUMERIC);
    let location = HeaderValue::try_from(format!("{}/{page}next={next}", service.path)).ok()?;
    Some(Decision::Refuse(refusal().header(LOCATION, location).header(CACHE_CONTROL, NO_STORE)))
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The refusal of a principal who has to show once more, or by more, who he is (RFC 9470 §3): a person is sent to log in.
fn too_little(x: &Exchange<'_>, engine: &Engine, principal: &Principal) -> Option<Decision> {
    let auth = &x.route.auth;
    if auth.assurance.contains(&Assurance::Mfa) && !principal.has("amr", "mfa") {
        let hint = "error=\"insufficient_user_authentication\", acr_values=\"aal2\"";
        let evidence = "shown by one means (amr)";
        let refusal =
            || Refusal::new(StatusCode::SEE_OTHER, "second-factor", format!("{evidence}: sent to log in"));
        return Some(
            log_in(x, engine, "login?notice=step_up&acr_values=aal2&", refusal)
                .unwrap_or_else(|| refuse("second-factor", evidence.into(), hint)),
        );
    }
    let longest = auth.max_auth_age?.as_secs();
    let shown = principal.claim("auth_time").and_then(serde_json::Value::as_u64).unwrap_or(0);
    let age = x.unix_time().saturating_sub(shown);
    (age > longest).then(|| {
        let hint = format!("error=\"insufficient_user_authentication\", max_age=\"{longest}\"");
        let evidence = format!("shown {age} seconds ago (auth_time)");
        let refusal = || {
            Refusal::new(StatusCode::SEE_OTHER, "authentication-age", format!("{evidence}: sent to log in"))
        };
        let page = format!("login?notice=step_up&max_age={longest}&");
        log_in(x, engine, &page, refusal)
            .unwrap_or_else(|| refuse("authentication-age", evidence.clone(), &hint))
    })
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

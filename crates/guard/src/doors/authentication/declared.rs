//! What the document asks for (`security`), and whether a request has it.
//!
//! A bearer token and an API key that the gate can verify count when they are verified. What only the API can verify
//! (basic authentication, a key or a session of its own, a token where no issuer is configured) counts when it is there.

use http::header::{AUTHORIZATION, COOKIE};
use inputs::{cookie_readings, pairs};
use openapi::{Alternative, Location, Need, Security, SecurityScheme};

use super::presented::bearer;
use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::exchange::forwarded::is_trusted;

/// Whether a request has what an operation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fulfilled {
    /// No credential of its schemes.
    No,
    /// The credential, without what it has to allow.
    NoScope,
    /// One of the alternatives.
    Yes,
}

/// How near a request comes to one of the alternatives.
pub(super) fn fulfilled(x: &Exchange<'_>, engine: &Engine, security: &Security) -> Fulfilled {
    let alternatives = security.alternatives().iter();
    let each = alternatives.map(|alternative| {
        alternative.iter().map(|need| one(x, engine, need)).min().unwrap_or(Fulfilled::Yes)
    });
    each.max().unwrap_or(Fulfilled::Yes)
}

fn one(x: &Exchange<'_>, engine: &Engine, need: &Need) -> Fulfilled {
    let auth = &engine.policy.auth;
    // A service may have verified its callers in its own way.
    let by = x.verified_by;
    let is_known = x.principal.is_some() && !by.token && !by.key && !by.certificate;
    let is_there = is_known
        || match &need.scheme {
            SecurityScheme::Bearer if !auth.verifies_tokens() => has_bearer(x),
            SecurityScheme::Bearer => by.token,
            SecurityScheme::Http(scheme) => has_scheme(x, scheme),
            SecurityScheme::ApiKey(location, name) => {
                let is_session = *location == Location::Cookie && auth.cookie.as_deref() == Some(name);
                let is_token = is_authorization(*location, name);
                let is_known = matches!(location, Location::Header | Location::Query) && auth.knows_keys();
                match (is_session || is_token) && auth.verifies_tokens() {
                    true => by.token,
                    false if is_known && !is_authorization(*location, name) => {
                        by.key && has_key(x, *location, name)
                    }
                    false => has_key(x, *location, name),
                }
            }
            SecurityScheme::MutualTls => {
                x.certificate().is_some()
                    || is_trusted(x.peer.address, &engine.policy.gateway.trusted_proxies)
            }
            SecurityScheme::Unknown => {
                x.principal.is_some()
                    || x.headers.contains_key(AUTHORIZATION)
                    || x.headers.contains_key(COOKIE)
            }
        };
    let allows = |scope: &str| {
        x.principal.as_ref().is_none_or(|principal| principal.scopes.iter().any(|own| own == scope))
    };
    match (is_there, need.scopes.iter().all(|scope| allows(scope))) {
        (false, _) => Fulfilled::No,
        (true, false) => Fulfilled::NoScope,
        (true, true) => Fulfilled::Yes,
    }
}

fn has_bearer(x: &Exchange<'_>) -> bool {
    x.headers
        .get(AUTHORIZATION)
        .and_then(|value| bearer(value.as_bytes()))
        .is_some_and(|token| !token.is_empty())
}

/// Whether `Authorization` has something of a scheme.
fn has_scheme(x: &Exchange<'_>, scheme: &str) -> bool {
    x.headers.get(AUTHORIZATION).is_some_and(|value| is_of_scheme(value.as_bytes(), scheme))
}

pub(super) fn is_of_scheme(value: &[u8], scheme: &str) -> bool {
    let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.next().is_some_and(|word| word.eq_ignore_ascii_case(scheme.as_bytes())) && words.next().is_some()
}

fn is_authorization(location: Location, name: &str) -> bool {
    location == Location::Header && AUTHORIZATION.as_str().eq_ignore_ascii_case(name)
}

fn has_key(x: &Exchange<'_>, location: Location, name: &str) -> bool {
    match location {
        Location::Header => x.headers.get(name).is_some_and(|value| !value.is_empty()),
        Location::Query => {
            let query = x.target.query().unwrap_or("").as_bytes();
            pairs(query).any(|(own, value)| own == name && !value.is_empty())
        }
        Location::Cookie => {
            let header = x.headers.get(COOKIE).map_or(&b""[..], |value| value.as_bytes());
            cookie_readings(header).any(|(own, value)| own == name.as_bytes() && !value.is_empty())
        }
        Location::Path => false,
    }
}

/// Where the operation's API keys stand.
pub(super) fn keys<'x>(x: &'x Exchange<'_>) -> impl Iterator<Item = (Location, &'x str)> {
    let schemes = x.operation().into_iter().flat_map(|operation| operation.security.schemes());
    schemes.filter_map(|scheme| match scheme {
        SecurityScheme::ApiKey(location, name) => Some((*location, &**name)),
        _ => None,
    })
}

/// Whether the operation asks for an `Authorization` of this kind, which the API verifies by itself: of another scheme
/// than bearer, or a bearer token where no issuer is configured.
pub(super) fn is_for_api(x: &Exchange<'_>, engine: &Engine, value: &[u8]) -> bool {
    x.operation().is_some_and(|operation| {
        operation.security.schemes().any(|scheme| match scheme {
            SecurityScheme::Http(scheme) => is_of_scheme(value, scheme),
            SecurityScheme::Bearer => !engine.policy.auth.verifies_tokens() && is_of_scheme(value, "bearer"),
            SecurityScheme::ApiKey(location, name) => {
                is_authorization(*location, name) && !is_of_scheme(value, "bearer")
            }
            _ => false,
        })
    })
}

/// Whether the operation asks for a token and an API key together: the key names an application, the token a user.
pub(super) fn takes_both(x: &Exchange<'_>) -> bool {
    let has = |alternative: &Alternative, is: fn(&SecurityScheme) -> bool| {
        alternative.iter().any(|need| is(&need.scheme))
    };
    x.operation().is_some_and(|operation| {
        operation.security.alternatives().iter().any(|alternative| {
            has(alternative, |scheme| matches!(scheme, SecurityScheme::Bearer))
                && has(alternative, |scheme| matches!(scheme, SecurityScheme::ApiKey(..)))
        })
    })
}

/// The schemes in words, for events.
pub(super) fn names(security: &Security) -> String {
    let name = |need: &Need| match &need.scheme {
        SecurityScheme::Bearer => "a bearer token".to_owned(),
        SecurityScheme::Http(scheme) => format!("`Authorization: {scheme}`"),
        SecurityScheme::ApiKey(Location::Query, name) => format!("the query parameter {name}"),
        SecurityScheme::ApiKey(Location::Cookie, name) => format!("the cookie {name}"),
        SecurityScheme::ApiKey(_, name) => format!("the header {name}"),
        SecurityScheme::MutualTls => {
            "a client certificate, which only a trusted proxy can tell of".to_owned()
        }
        SecurityScheme::Unknown => "a credential".to_owned(),
    };
    let alternatives = security.alternatives().iter();
    let alternatives: Vec<String> =
        alternatives.map(|all| all.iter().map(name).collect::<Vec<_>>().join(" and ")).collect();
    alternatives.join(", or ")
}

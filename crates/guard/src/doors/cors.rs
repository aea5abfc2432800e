//! CORS: "can my site use the victim's cookies?" ([guide §5])
//!
//! Origins are matched against an exact list, never reflected; preflights are answered here; the upstream's own
//! CORS headers are replaced. State-changing requests that a browser sends across sites with cookies are refused by
//! `Sec-Fetch-Site` and `Origin` (request forgery).
//!
//! [guide §5]: https://github.com/doorward/doorward/blob/main/docs/guide.md#5-cors-and-request-forgery

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, COOKIE, HOST, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Method, Response, StatusCode};
use policy::{BuiltInDoor, Csrf, Origin, OriginPattern};

use super::Step;
use crate::decision::door_id::DoorId;
use crate::decision::ruling::{Ruling, enforced};
use crate::decision::{Decision, Refusal};
use crate::engine::Engine;
use crate::events::redact::excerpt;
use crate::exchange::Exchange;
use crate::exchange::peer::Transport;
use crate::wire::headers::remove_headers;

/// What the upstream may say of origins, and does not.
const REPLACED: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

/// The door.
pub(crate) struct Cors;

impl super::Door for Cors {
    fn id(&self) -> DoorId {
        BuiltInDoor::Cors.into()
    }

    fn admit_head<'a, 'e>(&'a self, ruling: Ruling<'e>, x: &'a mut Exchange<'e>) -> Step<'a> {
        admit(x, ruling.engine).into()
    }

    fn finish<'a, 'e>(
        &'a self,
        ruling: Ruling<'e>,
        x: &'a mut Exchange<'e>,
        _: StatusCode,
        headers: &'a mut HeaderMap,
    ) -> Step<'a, ()> {
        if enforced(x, BuiltInDoor::Cors) {
            release(x, ruling.engine, headers);
        }
        Step::Now(())
    }
}

/// Answers preflights and refuses forged requests.
fn admit(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let Some(origin) = x.headers.get(ORIGIN) else {
        return if is_forged(x, engine, None) { forged(x) } else { Decision::Pass };
    };
    let origin = origin.to_str().ok().and_then(|o| o.parse::<Origin>().ok());
    if x.method == Method::OPTIONS && x.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return preflight(x, engine, origin.as_ref());
    }
    if is_forged(x, engine, origin.as_ref()) { forged(x) } else { Decision::Pass }
}

/// Replaces the upstream's CORS headers by ours.
fn release(x: &Exchange<'_>, engine: &Engine, headers: &mut HeaderMap) {
    remove_headers(headers, |name| REPLACED.contains(&name));
    let varies =
        headers.get_all(VARY).iter().filter_map(|v| v.to_str().ok()).any(|v| {
            v.split(',').any(|name| name.trim().eq_ignore_ascii_case("origin") || name.trim() == "*")
        });
    if !varies {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(allowed) = allowed_value(x, engine) {
        let cors = &engine.policy.cors;
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if cors.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Some(expose) = &cors.expose {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
        }
    }
}

fn preflight(x: &Exchange<'_>, engine: &Engine, origin: Option<&Origin>) -> Decision {
    let cors = &engine.policy.cors;
    let refuse =
        |rule, evidence: String| Decision::Refuse(Refusal::new(StatusCode::FORBIDDEN, rule, evidence));
    if !origin.is_some_and(|o| cors.origins.iter().any(|listed| listed.matches(o))) {
        return refuse("origin", excerpt(x.headers.get(ORIGIN).map_or(b"", HeaderValue::as_bytes)));
    }
    let method = x.header(ACCESS_CONTROL_REQUEST_METHOD).unwrap_or("");
    if !cors.methods.iter().any(|m| m.as_str() == method) {
        return refuse("preflight-method", excerpt(method.as_bytes()));
    }
    let wanted = x.header(ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or("");
    let unknown = wanted
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .find(|name| !cors.headers.iter().any(|h| name.eq_ignore_ascii_case(h.as_str())));
    if let Some(unknown) = unknown {
        return refuse("preflight-header", excerpt(unknown.as_bytes()));
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, cors.allow_methods.clone());
    if let Some(allow) = &cors.allow_headers {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allow.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, cors.max_age.clone());
    Decision::Answer(response)
}

/// The value of `Access-Control-Allow-Origin` for this exchange, when its origin is listed.
fn allowed_value(x: &Exchange<'_>, engine: &Engine) -> Option<HeaderValue> {
    let cors = &engine.policy.cors;
    let value = x.origin.as_ref()?;
    let origin: Origin = value.to_str().ok()?.parse().ok()?;
    let listed = cors.origins.iter().find(|pattern| pattern.matches(&origin))?;
    Some(if *listed == OriginPattern::Any { HeaderValue::from_static("*") } else { value.clone() })
}

/// Whether a browser sends this request with the visitor's cookies on behalf of another site.
fn is_forged(x: &Exchange<'_>, engine: &Engine, origin: Option<&Origin>) -> bool {
    let cors = &engine.policy.cors;
    let changes_state = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(&x.method) || is_websocket(x);
    if cors.csrf == Csrf::Pass || !changes_state || !x.headers.contains_key(COOKIE) {
        return false;
    }
    if origin
        .is_some_and(|o| cors.origins.iter().any(|listed| *listed != OriginPattern::Any && listed.matches(o)))
    {
        return false;
    }
    // Browsers set this themselves, and pages cannot (Fetch Metadata §2).
    match x.header("sec-fetch-site") {
        Some("same-origin" | "none") => false,
        Some(_) => true,
        None => x.headers.contains_key(ORIGIN) && !origin.is_some_and(|o| is_own(x, o)),
    }
}

/// A WebSocket is a GET that can do anything, and no preflight stands before it.
pub(crate) fn is_websocket(x: &Exchange<'_>) -> bool {
    x.header("upgrade").is_some_and(|u| u.eq_ignore_ascii_case("websocket"))
}

/// Whether an origin is the API's own. Behind a TLS proxy that is not configured, the page's scheme is https.
fn is_own(x: &Exchange<'_>, origin: &Origin) -> bool {
    let host = x.header(HOST).or(x.authority.as_ref().map(http::uri::Authority::as_str)).unwrap_or("");
    let schemes: &[&str] = match x.transport {
        Transport::Tls => &["https"],
        Transport::Plain => &["http", "https"],
    };
    schemes.iter().any(|scheme| Origin::from_parts(scheme, host).as_ref() == Some(origin))
}

fn forged(x: &Exchange<'_>) -> Decision {
    let origin = excerpt(x.headers.get(ORIGIN).map_or(b"none", HeaderValue::as_bytes));
    let site = x.header("sec-fetch-site").unwrap_or("absent");
    Decision::Refuse(Refusal::new(
        StatusCode::FORBIDDEN,
        "forged",
        format!("origin {origin}, site {site}, with cookies"),
    ))
}

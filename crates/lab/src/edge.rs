//! Every request and response: any origin reflected and the software named, or an origin allowlist and the guide's
//! security headers ([guide §5], [guide §7]).
//!
//! [guide §5]: https://github.com/doorward/doorward/blob/main/docs/guide.md#5-cors-and-request-forgery
//! [guide §7]: https://github.com/doorward/doorward/blob/main/docs/guide.md#7-security-headers

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, HeaderName, HeaderValue, ORIGIN, USER_AGENT};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::shop::Shop;
use crate::version::Version;

const ALLOWED_ORIGIN: &str = "https://shop.example";

pub(crate) async fn edge(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => match refusal(&shop, &request) {
            Some(status) => status.into_response(),
            None => next.run(request).await,
        },
    };
    let headers = response.headers_mut();
    let mut set =
        |name: &'static str, value: HeaderValue| headers.insert(HeaderName::from_static(name), value);
    let allowed = match shop.version {
        // Vulnerable: every origin is allowed.
        Version::Vulnerable => origin,
        Version::Hardened => origin.filter(|origin| origin == ALLOWED_ORIGIN),
    };
    if let Some(origin) = allowed {
        set("access-control-allow-origin", origin);
        set("access-control-allow-credentials", HeaderValue::from_static("true"));
        set("access-control-allow-methods", HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"));
        set("access-control-allow-headers", HeaderValue::from_static("authorization, content-type"));
    }
    let fixed: &[(&'static str, &'static str)] = match shop.version {
        Version::Vulnerable => {
            &[("server", "ShopServer/1.4.2 (Debian)"), ("x-powered-by", "ShopFramework 3.1")]
        }
        Version::Hardened => &[
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("x-xss-protection", "0"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("content-security-policy", "default-src 'self'"),
            ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
            ("cache-control", "no-store"),
        ],
    };
    for (name, value) in fixed {
        set(name, HeaderValue::from_static(value));
    }
    if shop.version == Version::Hardened {
        set("vary", HeaderValue::from_static("Origin"));
    }
    response
}

/// The status of a request that the hardened shop refuses: no User-Agent, a large login, too many requests
/// ([guide §4], [guide §9]). The shop has one client: loopback.
///
/// [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting
/// [guide §9]: https://github.com/doorward/doorward/blob/main/docs/guide.md#9-web-application-firewall
fn refusal(shop: &Shop, request: &Request) -> Option<StatusCode> {
    const LARGEST_LOGIN: u64 = 8 * 1024;
    if shop.version == Version::Vulnerable {
        return None;
    }
    if !request.headers().contains_key(USER_AGENT) {
        return Some(StatusCode::FORBIDDEN);
    }
    let length = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if request.uri().path() == "/api/login" && length.is_none_or(|length| length > LARGEST_LOGIN) {
        return Some(StatusCode::PAYLOAD_TOO_LARGE);
    }
    shop.requests.is_exceeded().then_some(StatusCode::TOO_MANY_REQUESTS)
}

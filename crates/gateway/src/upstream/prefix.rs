//! What a route strips of the path: the upstream is told, and the paths of its cookies have it again.

use http::header::{HeaderValue, SET_COOKIE};
use http::{HeaderMap, HeaderName};

const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// Tells the upstream what it does not get of the path, behind what proxies in front have taken.
pub(super) fn tell(headers: &mut HeaderMap, prefix: &str) {
    if prefix.is_empty() {
        return;
    }
    let before = headers.get(X_FORWARDED_PREFIX).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let whole = format!("{}{prefix}", before.trim_end_matches('/'));
    if let Ok(value) = HeaderValue::from_str(&whole) {
        headers.insert(X_FORWARDED_PREFIX, value);
    }
}

/// Puts the prefix before the `Path` of each cookie.
pub(super) fn rewrite_cookies(headers: &mut HeaderMap, prefix: &str) {
    if prefix.is_empty() || !headers.contains_key(SET_COOKIE) {
        return;
    }
    let cookies: Vec<HeaderValue> =
        headers.get_all(SET_COOKIE).iter().map(|cookie| rewritten(cookie, prefix)).collect();
    headers.remove(SET_COOKIE);
    for cookie in cookies {
        headers.append(SET_COOKIE, cookie);
    }
}

fn rewritten(cookie: &HeaderValue, prefix: &str) -> HeaderValue {
    let mut parts = cookie.as_bytes().split(|byte| *byte == b';').enumerate();
    let mut changed: Vec<u8> = Vec::with_capacity(cookie.len() + prefix.len());
    for (at, part) in &mut parts {
        if at > 0 {
            changed.push(b';');
        }
        match path(part).filter(|_| at > 0) {
            Some(path) => {
                changed.extend_from_slice(b" Path=");
                changed.extend_from_slice(prefix.as_bytes());
                // The root is the prefix itself, which `/orders/` would not cover.
                changed.extend_from_slice(if path == b"/" { b"" } else { path });
            }
            None => changed.extend_from_slice(part),
        }
    }
    HeaderValue::from_bytes(&changed).unwrap_or_else(|_| cookie.clone())
}

/// The path of a cookie, if this is its `Path`.
fn path(attribute: &[u8]) -> Option<&[u8]> {
    let at = attribute.iter().position(|byte| *byte == b'=')?;
    let (name, value) = attribute.split_at_checked(at)?;
    let value = value.get(1..)?.trim_ascii();
    (name.trim_ascii().eq_ignore_ascii_case(b"path") && value.starts_with(b"/")).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_have_the_prefix_before_their_path() {
        for (cookie, expected) in [
            ("a=b; Path=/", "a=b; Path=/orders"),
            ("a=b; HttpOnly; path = /cart ;Secure", "a=b; HttpOnly; Path=/orders/cart;Secure"),
            ("path=/", "path=/"),
            ("a=b", "a=b"),
            ("a=b; Path=", "a=b; Path="),
        ] {
            let mut headers = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static(cookie))]);
            rewrite_cookies(&mut headers, "/orders");
            assert_eq!(headers[SET_COOKIE], expected);
        }
    }

    #[test]
    fn an_upstream_hears_the_whole_prefix() {
        let mut headers = HeaderMap::new();
        tell(&mut headers, "");
        assert!(headers.is_empty());
        tell(&mut headers, "/orders");
        assert_eq!(headers[X_FORWARDED_PREFIX], "/orders");
        headers.insert(X_FORWARDED_PREFIX, HeaderValue::from_static("/shop/"));
        tell(&mut headers, "/orders");
        assert_eq!(headers[X_FORWARDED_PREFIX], "/shop/orders");
    }
}

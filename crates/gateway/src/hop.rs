//! Headers that mean only this one connection (RFC 9110 §7.6.1).

use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, TE, UPGRADE};

/// Headers that a client cannot make us drop by naming them in `Connection`.
const KEPT: [&str; 6] = ["host", "content-length", "authorization", "cookie", "x-request-id", "content-type"];

/// Headers that mean only the connection they came over.
const HOP: [&str; 9] = [
    "connection",
    "te",
    "trailer",
    "transfer-encoding",
    "proxy-authenticate",
    "proxy-authorization",
    "expect",
    "keep-alive",
    "proxy-connection",
];

/// Removes them, but not the header in which the upstream is told who asks. Answers with the protocol that the
/// sender would upgrade to.
pub(crate) fn strip(headers: &mut HeaderMap, subject: Option<&HeaderName>) -> Option<HeaderValue> {
    let upgrade = headers.remove(UPGRADE);
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    // gRPC needs to hear that trailers are understood (RFC 9110 §10.1.4).
    let trailers = headers.get(TE).is_some_and(|te| te.as_bytes().eq_ignore_ascii_case(b"trailers"));
    for name in &named {
        if !KEPT.contains(&name.as_str()) && Some(name) != subject {
            headers.remove(name);
        }
    }
    guard::remove_headers(headers, |name| HOP.contains(&name));
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    upgrade.filter(|_| named.contains(&UPGRADE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_meant_end_to_end_remains() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Secret, X-Subject, Host, upgrade"),
            ("keep-alive", "timeout=5"),
            ("x-secret", "1"),
            ("x-subject", "7"),
            ("host", "a"),
            ("te", "trailers"),
            ("upgrade", "websocket"),
            ("accept", "*/*"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        assert_eq!(
            strip(&mut headers, Some(&HeaderName::from_static("x-subject"))),
            Some(HeaderValue::from_static("websocket"))
        );
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "host", "te", "x-subject"]);
    }
}

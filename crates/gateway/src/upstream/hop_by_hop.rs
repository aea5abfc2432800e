//! Hop-by-hop headers (RFC 9110 §7.6.1): they concern one connection and are not forwarded.

use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, TE, UPGRADE};

/// Headers that a client cannot remove by naming them in `Connection`.
const PROTECTED: [&str; 7] =
    ["host", "content-length", "authorization", "cookie", "x-request-id", "content-type", "if-match"];

/// Headers that are hop-by-hop without being named in `Connection`.
const HOP_BY_HOP: [&str; 9] = [
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

/// Removes the hop-by-hop headers, those named in `Connection` included. The headers `of_caller`, which carry the
/// authenticated caller to the upstream, always stay. Returns the protocol that the sender asks to upgrade to.
pub(super) fn strip(headers: &mut HeaderMap, of_caller: &[&HeaderName]) -> Option<HeaderValue> {
    let upgrade = headers.remove(UPGRADE);
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    // gRPC servers require `TE: trailers` (RFC 9110 §10.1.4).
    let trailers = headers.get(TE).is_some_and(|te| te.as_bytes().eq_ignore_ascii_case(b"trailers"));
    for name in &named {
        if !PROTECTED.contains(&name.as_str()) && !of_caller.contains(&name) {
            headers.remove(name);
        }
    }
    guard::remove_headers(headers, |name| HOP_BY_HOP.contains(&name));
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    upgrade.filter(|_| named.contains(&UPGRADE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn only_end_to_end_headers_remain() {
        for (name, lines, remaining) in [
            ("end to end", &[("accept", "*/*"), ("host", "a")][..], &["accept", "host"][..]),
            (
                "the fixed ones",
                &[
                    ("connection", "close"),
                    ("keep-alive", "timeout=5"),
                    ("proxy-connection", "close"),
                    ("proxy-authorization", "Basic eA=="),
                    ("proxy-authenticate", "Basic"),
                    ("transfer-encoding", "chunked"),
                    ("trailer", "x"),
                    ("expect", "100-continue"),
                    ("upgrade", "websocket"),
                ],
                &[],
            ),
            ("named in Connection", &[("connection", "x-a, X-B"), ("x-a", "1"), ("x-b", "2")], &[]),
            ("named on two lines", &[("connection", "x-a"), ("connection", "x-b"), ("x-b", "2")], &[]),
            ("not named", &[("connection", "x-a"), ("x-b", "2")], &["x-b"]),
            (
                "protected",
                &[
                    ("connection", "host, cookie, authorization, content-type, content-length, x-request-id"),
                    ("host", "a"),
                    ("cookie", "a=b"),
                    ("authorization", "Bearer x"),
                    ("content-type", "text/plain"),
                    ("content-length", "0"),
                    ("x-request-id", "1"),
                ],
                &["authorization", "content-length", "content-type", "cookie", "host", "x-request-id"],
            ),
            ("the subject", &[("connection", "x-subject"), ("x-subject", "7")], &["x-subject"]),
            ("TE: trailers", &[("te", "trailers")], &["te"]),
            ("another TE", &[("te", "gzip, trailers")], &[]),
        ] {
            let mut headers = headers(lines);
            strip(&mut headers, &[&HeaderName::from_static("x-subject")]);
            let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, remaining, "{name}");
        }
    }

    #[test]
    fn an_upgrade_counts_only_if_connection_names_it() {
        for (lines, expected) in [
            (&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")][..], Some("websocket")),
            (&[("connection", "keep-alive"), ("upgrade", "websocket")], None),
            (&[("upgrade", "websocket")], None),
            (&[("connection", "upgrade")], None),
        ] {
            let upgrade = strip(&mut headers(lines), &[]);
            assert_eq!(upgrade, expected.map(HeaderValue::from_static), "{lines:?}");
        }
    }
}

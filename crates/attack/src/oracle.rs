//! Oracles: what in an answer proves that an attack worked.
//!
//! Each looks at answers only and knows nothing of the attack that asks. A control is the answer to an ordinary
//! request that the attack is compared with.

use std::time::Duration;

use serde_json::Value;

use crate::payloads::signatures::{
    DATABASE_ERRORS, OWNER_FIELDS, SECRET_FIELDS, SECURITY_HEADERS, SOFTWARE_HEADERS,
};
use crate::probe::Answer;

/// The answer lists more entries than the control does: how many before, and now.
pub(crate) fn grew(control: &Answer, answer: &Answer) -> Option<(usize, usize)> {
    let (before, now) = (entries(control), entries(answer));
    (control.is_success() && answer.is_success() && now > before).then_some((before, now))
}

/// Entries of a JSON list; 0 for anything else.
fn entries(answer: &Answer) -> usize {
    match answer.json() {
        Some(Value::Array(list)) => list.len(),
        _ => 0,
    }
}

/// The answer contains a text.
pub(crate) fn contains(answer: &Answer, text: &str) -> bool {
    answer.text().contains(text)
}

/// The answer is a page that contains markup unescaped.
pub(crate) fn renders(answer: &Answer, markup: &str) -> bool {
    answer.header("content-type").is_some_and(|media_type| media_type.contains("html"))
        && contains(answer, markup)
}

/// Control and answer are both served, and are the same.
pub(crate) fn same(control: &Answer, answer: &Answer) -> bool {
    control.is_success() && answer.status == control.status && answer.body == control.body
}

/// What was served before fails now.
pub(crate) fn broke(before: &Answer, after: &Answer) -> bool {
    before.is_success() && after.status.is_server_error()
}

/// The answer is served, and its object holds this value under these names, from the outside in.
pub(crate) fn took(answer: &Answer, names: &[&str], value: &Value) -> bool {
    let body = answer.json();
    let found = body.as_ref().and_then(|body| names.iter().try_fold(body, |object, name| object.get(name)));
    answer.is_success() && found == Some(value)
}

/// The part of a database's error message that the answer contains.
pub(crate) fn database_error(answer: &Answer) -> Option<&'static str> {
    let text = answer.text().to_ascii_lowercase();
    DATABASE_ERRORS.into_iter().find(|error| text.contains(error))
}

/// The answer lets a page of this origin read it (Fetch, CORS check).
pub(crate) fn allows_origin(answer: &Answer, origin: &str) -> bool {
    match answer.header("access-control-allow-origin") {
        Some("*") => answer.header("access-control-allow-credentials").is_some(),
        allowed => allowed == Some(origin),
    }
}

/// Status and body, without the name that was sent and without numbers and ids, which differ from answer to answer.
pub(crate) fn without_what_varies(answer: &Answer, name: &str) -> (u16, String) {
    let text = answer.text().replace(name, "NAME");
    let mut plain = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let (word, end) = word.split_at(word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).len());
        let is_id = word.len() >= 16 || word.contains(|c: char| c.is_ascii_digit());
        plain += if is_id { "ID" } else { word };
        plain += end;
    }
    (answer.status.as_u16(), plain)
}

/// The medians in milliseconds of two rows of times, if they are so far apart that it is no chance: every one of a row is at
/// most half as long as every one of the other, by ten milliseconds or more.
pub(crate) fn apart(one: &[Duration], other: &[Duration]) -> Option<(u128, u128)> {
    const LEAST: Duration = Duration::from_millis(10);
    let (longest, shortest) =
        (|row: &[Duration]| row.iter().max().copied(), |row: &[Duration]| row.iter().min().copied());
    let is_below = |low: &[Duration], high: &[Duration]| {
        let (Some(low), Some(high)) = (longest(low), shortest(high)) else { return false };
        low * 2 <= high && low + LEAST <= high
    };
    let median = |row: &[Duration]| {
        let mut row = row.to_vec();
        row.sort_unstable();
        row.get(row.len() / 2).map_or(0, Duration::as_millis)
    };
    (is_below(one, other) || is_below(other, one)).then(|| (median(one), median(other)))
}

/// A limit was reached (RFC 6585 §4).
pub(crate) fn is_rate_limited(answer: &Answer) -> bool {
    answer.status == http::StatusCode::TOO_MANY_REQUESTS
}

/// The security headers that the answer lacks.
pub(crate) fn missing_headers(answer: &Answer) -> Vec<&'static str> {
    let is_missing = |name, word: &str| !answer.header(name).is_some_and(|value| value.contains(word));
    SECURITY_HEADERS.into_iter().filter(|(name, word)| is_missing(name, word)).map(|(name, _)| name).collect()
}

/// The header that names the software and its version.
pub(crate) fn software(answer: &Answer) -> Option<String> {
    SOFTWARE_HEADERS
        .into_iter()
        .filter_map(|name| answer.header(name).map(|value| format!("{name}: {value}")))
        // `Server: nginx` names no version; the other headers are nothing but a leak.
        .find(|line| line.starts_with("x-") || line.contains('/'))
}

/// The protective attribute that a cookie of the answer lacks; `None` when there is no cookie. A browser drops a cookie with
/// `Secure` that comes in cleartext (RFC 6265bis §5.7), so that it is asked for over TLS only.
pub(crate) fn cookies(answer: &Answer, is_tls: bool) -> Option<Cookies> {
    let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let cookies: Vec<String> = cookies.map(str::to_ascii_lowercase).collect();
    let missing = |cookie: &String| {
        let mut wanted =
            ["httponly", "secure", "samesite"].into_iter().filter(|name| is_tls || *name != "secure");
        wanted.find(|name| !cookie.contains(&format!("; {name}")))
    };
    (!cookies.is_empty()).then(|| match cookies.iter().find_map(missing) {
        Some(attribute) => Cookies::Lack(attribute),
        None => Cookies::Protected,
    })
}

/// How cookies are protected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cookies {
    /// All have HttpOnly, Secure and SameSite.
    Protected,
    /// One lacks this attribute.
    Lack(&'static str),
}

/// The field of an object that should never be shown.
pub(crate) fn secret_field(answer: &Answer) -> Option<&'static str> {
    let object = answer.json()?;
    SECRET_FIELDS.into_iter().find(|field| object.get(field).is_some())
}

/// The owner that an object names, if it is somebody other than this subject.
pub(crate) fn foreign_owner(object: &Value, subject: &str) -> Option<String> {
    let owner = OWNER_FIELDS.into_iter().find_map(|field| object.get(field))?;
    Some(id_text(owner)).filter(|owner| owner != subject)
}

/// An id as text: `7` and `"7"` are the same.
pub(crate) fn id_text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// The bytes hold two HTTP/1.1 responses: what followed the first request was read as a second one.
pub(crate) fn answered_twice(raw: &str) -> bool {
    raw.matches("HTTP/1.1 ").count() >= 2
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
    use serde_json::json;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers: map, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn a_list_grew_only_when_both_are_served() {
        for (control, probed, grown) in [
            ((200, "[]"), (200, "[1,2]"), Some((0, 2))),
            ((200, "[1]"), (200, "[1]"), None),
            ((200, "[1,2]"), (200, "[1]"), None),
            ((404, ""), (200, "[1]"), None),
            ((200, "[]"), (500, "[1]"), None),
            ((200, "[]"), (200, r#"{"rows":[1,2]}"#), None),
            ((200, "not JSON"), (200, "not JSON either"), None),
        ] {
            let (control, probed) = (answer(control.0, &[], control.1), answer(probed.0, &[], probed.1));
            assert_eq!(grew(&control, &probed), grown, "{control:?} {probed:?}");
        }
    }

    #[test]
    fn markup_counts_in_pages_only_and_unescaped() {
        let script = "<script>alert(1)</script>";
        for (media_type, body, rendered) in [
            ("text/html; charset=utf-8", "<p><script>alert(1)</script></p>", true),
            ("application/xhtml+xml", "<script>alert(1)</script>", true),
            ("application/json", "\"<script>alert(1)</script>\"", false),
            ("text/html", "&lt;script&gt;alert(1)&lt;/script&gt;", false),
        ] {
            assert_eq!(
                renders(&answer(200, &[("content-type", media_type)], body), script),
                rendered,
                "{body}"
            );
        }
        assert!(!renders(&answer(200, &[], script), script));
    }

    #[test]
    fn an_answer_is_the_same_as_its_control_when_both_are_served_alike() {
        for (control, probed, is_same) in [
            ((200, "a"), (200, "a"), true),
            ((200, "a"), (200, "b"), false),
            ((200, "a"), (403, "a"), false),
            ((403, "refused"), (403, "refused"), false),
            ((500, ""), (200, ""), false),
        ] {
            let (control, probed) = (answer(control.0, &[], control.1), answer(probed.0, &[], probed.1));
            assert_eq!(same(&control, &probed), is_same, "{control:?} {probed:?}");
        }
    }

    #[test]
    fn what_was_served_broke_when_it_is_a_server_error_now() {
        for (before, after, is_broken) in
            [(200, 500, true), (200, 503, true), (200, 403, false), (500, 500, false), (404, 500, false)]
        {
            assert_eq!(broke(&answer(before, &[], ""), &answer(after, &[], "")), is_broken);
        }
    }

    #[test]
    fn a_field_was_taken_when_a_served_answer_shows_it() {
        for (status, body, names, taken) in [
            (200, r#"{"role":"admin"}"#, &["role"][..], true),
            (201, r#"{"settings":{"role":"admin"}}"#, &["settings", "role"], true),
            (200, r#"{"role":"admin"}"#, &["settings", "role"], false),
            (200, r#"{"role":"user"}"#, &["role"], false),
            (200, r#"{"role":["admin"]}"#, &["role"], false),
            (400, r#"{"role":"admin"}"#, &["role"], false),
            (200, "role: admin", &["role"], false),
        ] {
            assert_eq!(took(&answer(status, &[], body), names, &json!("admin")), taken, "{body}");
        }
    }

    #[test]
    fn database_errors_are_recognised_in_any_case() {
        for (body, error) in [
            (r#"{"error":"near \"'\": syntax error"}"#, Some("syntax error")),
            ("SQLSTATE[42000]", Some("sqlstate")),
            ("ORA-00933: SQL command not properly ended", Some("ora-0")),
            ("not found", None),
            ("", None),
        ] {
            assert_eq!(database_error(&answer(500, &[], body)), error, "{body}");
        }
    }

    #[test]
    fn an_origin_is_allowed_by_name_or_by_a_star_with_credentials() {
        const ALLOW: &str = "access-control-allow-origin";
        const CREDENTIALS: &str = "access-control-allow-credentials";
        for (headers, is_allowed) in [
            (&[(ALLOW, "https://evil.example")][..], true),
            (&[(ALLOW, "https://shop.example")], false),
            (&[(ALLOW, "*")], false),
            (&[(ALLOW, "*"), (CREDENTIALS, "true")], true),
            (&[(CREDENTIALS, "true")], false),
            (&[], false),
        ] {
            assert_eq!(
                allows_origin(&answer(200, headers, ""), "https://evil.example"),
                is_allowed,
                "{headers:?}"
            );
        }
    }

    #[test]
    fn headers_that_protect_are_missed_and_headers_that_leak_are_named() {
        let all = [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'"),
            ("permissions-policy", "camera=()"),
        ];
        assert!(missing_headers(&answer(200, &all, "")).is_empty());
        assert_eq!(missing_headers(&answer(200, &all[1..], "")), ["x-content-type-options"]);
        let weak = [("content-security-policy", "upgrade-insecure-requests")];
        assert_eq!(missing_headers(&answer(200, &weak, "")).len(), 5);
        for (headers, line) in [
            (&[("server", "nginx")][..], None),
            (&[("server", "nginx/1.25.3")], Some("server: nginx/1.25.3")),
            (&[("server", "nginx"), ("x-powered-by", "PHP")], Some("x-powered-by: PHP")),
            (&[], None),
        ] {
            assert_eq!(software(&answer(200, headers, "")).as_deref(), line, "{headers:?}");
        }
    }

    #[test]
    fn every_cookie_needs_every_attribute() {
        const SET: &str = "set-cookie";
        for (headers, cookies_are) in [
            (&[][..], None),
            (&[(SET, "s=1; HttpOnly; Secure; SameSite=Lax")], Some(Cookies::Protected)),
            (&[(SET, "s=1; Secure; SameSite=Lax")], Some(Cookies::Lack("httponly"))),
            (&[(SET, "s=1; httponly; secure")], Some(Cookies::Lack("samesite"))),
            (&[(SET, "s=1; HttpOnly; Secure; SameSite=Lax"), (SET, "t=2")], Some(Cookies::Lack("httponly"))),
        ] {
            assert_eq!(cookies(&answer(200, headers, ""), true), cookies_are, "{headers:?}");
        }
        let cleartext = answer(200, &[(SET, "s=1; HttpOnly; SameSite=Lax")], "");
        assert_eq!(cookies(&cleartext, false), Some(Cookies::Protected));
        assert_eq!(cookies(&cleartext, true), Some(Cookies::Lack("secure")));
    }

    #[test]
    fn owners_and_secrets_are_found_in_objects() {
        for (object, owner) in [
            (json!({ "user_id": 2 }), Some("2")),
            (json!({ "owner_id": "2" }), Some("2")),
            (json!({ "user_id": 1 }), None),
            (json!({ "user_id": "1" }), None),
            (json!({ "id": 2 }), None),
            (json!([{ "user_id": 2 }]), None),
        ] {
            assert_eq!(foreign_owner(&object, "1").as_deref(), owner, "{object}");
        }
        for (body, field) in [
            (r#"{"name":"alice","password_hash":"x"}"#, Some("password_hash")),
            (r#"{"name":"password"}"#, None),
            ("password", None),
        ] {
            assert_eq!(secret_field(&answer(200, &[], body)), field, "{body}");
        }
    }

    #[test]
    fn two_responses_mean_two_requests() {
        for (raw, twice) in [
            ("HTTP/1.1 400 Bad Request\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n", true),
            ("", false),
        ] {
            assert_eq!(answered_twice(raw), twice);
        }
        assert!(is_rate_limited(&answer(429, &[], "")) && !is_rate_limited(&answer(403, &[], "")));
    }

    #[test]
    fn what_varies_between_answers_is_no_difference() {
        let answer = |status: u16, body: &str| Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        let plain = |status, body: &str, name: &str| without_what_varies(&answer(status, body), name);
        let known = plain(401, r#"{"error":"wrong","request":"a81f00c2d4e5b6a7","at":1764176400}"#, "alice");
        for (status, body, is_same) in [
            (401, r#"{"error":"wrong","request":"b7d9111111111111","at":1764176401}"#, true),
            (401, r#"{"error":"unknown","request":"b7d9111111111111","at":1764176401}"#, false),
            (404, r#"{"error":"wrong","request":"b7d9111111111111","at":1764176401}"#, false),
        ] {
            assert_eq!(plain(status, body, "nobody") == known, is_same, "{body}");
        }
        assert_eq!(plain(401, "no alice here", "alice"), plain(401, "no bob here", "bob"));
    }

    #[test]
    fn times_are_apart_only_without_an_overlap() {
        let row = |times: &[u64]| times.iter().map(|ms| Duration::from_millis(*ms)).collect::<Vec<_>>();
        for (one, other, expected) in [
            (&[300, 310, 290][..], &[2, 3, 2][..], Some((300, 2))),
            (&[2, 3, 2], &[300, 310, 290], Some((2, 300))),
            (&[300, 310, 3], &[2, 3, 2], None),
            (&[5, 6, 7], &[2, 2, 2], None),
            (&[30, 31, 32], &[20, 20, 20], None),
            (&[], &[], None),
        ] {
            assert_eq!(apart(&row(one), &row(other)), expected, "{one:?} {other:?}");
        }
    }
}

//! Requests and answers as evidence: credentials shortened, long bodies cut.

use report::Transcript;

use crate::probe::{Answer, Probe};

/// The most characters of a request or an answer in a report.
const MAX_TEXT: usize = 1200;
/// The most characters of a header that holds a credential.
const MAX_CREDENTIAL: usize = 24;
/// The most characters of any other request header.
const MAX_REQUEST_HEADER: usize = 200;
/// The most characters of a response header.
const MAX_ANSWER_HEADER: usize = 120;

/// A probe with its answer.
pub(crate) fn of(probe: &Probe, answer: &Answer) -> Transcript {
    Transcript { request: request_text(probe), answer: answer_text(answer) }
}

/// A probe that had no answer.
pub(crate) fn unanswered(probe: &Probe, reason: &dyn std::fmt::Display) -> Transcript {
    Transcript { request: request_text(probe), answer: reason.to_string() }
}

/// Bytes that were sent unchanged, with the answer.
pub(crate) fn of_raw(request: &[u8], answer: &str) -> Transcript {
    Transcript { request: cut(&String::from_utf8_lossy(request), MAX_TEXT), answer: cut(answer, MAX_TEXT) }
}

fn request_text(probe: &Probe) -> String {
    let mut text = format!("{} {}\n", probe.method, probe.target);
    for (name, value) in &probe.headers {
        let is_credential =
            ["authorization", "cookie", "x-api-key"].iter().any(|c| name.eq_ignore_ascii_case(c));
        let max = if is_credential { MAX_CREDENTIAL } else { MAX_REQUEST_HEADER };
        text.push_str(&format!("{name}: {}\n", cut(value, max)));
    }
    if let Some(content) = &probe.body {
        let body = String::from_utf8_lossy(&content.bytes);
        text.push_str(&format!("content-type: {}\n\n{body}", content.media_type));
    }
    cut(&text, MAX_TEXT)
}

fn answer_text(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    for (name, value) in &answer.headers {
        let shown: String = value.to_str().unwrap_or("").chars().take(MAX_ANSWER_HEADER).collect();
        text.push_str(&format!("{name}: {shown}\n"));
    }
    text.push('\n');
    text.push_str(&answer.text());
    cut(&text, MAX_TEXT)
}

/// The first `max` characters, with an ellipsis where something is missing.
fn cut(text: &str, max: usize) -> String {
    let mut out: String = text.chars().take(max).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn credentials_are_shortened_and_other_headers_are_not() {
        let secret = "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.signature";
        for (name, shown) in [
            ("authorization", "authorization: Bearer eyJhbGciOiJIUzI1N…\n"),
            ("Cookie", "Cookie: Bearer eyJhbGciOiJIUzI1N…\n"),
            ("X-Api-Key", "X-Api-Key: Bearer eyJhbGciOiJIUzI1N…\n"),
            ("x-other", "x-other: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.signature\n"),
        ] {
            let probe = Probe::get("/").header(name, secret);
            assert_eq!(request_text(&probe), format!("GET /\n{shown}"));
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        for (text, max, shown) in [("abc", 3, "abc"), ("abcd", 3, "abc…"), ("äöü", 2, "äö…"), ("", 0, "")]
        {
            assert_eq!(cut(text, max), shown);
        }
        let answer = Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from("ü".repeat(MAX_TEXT)),
        };
        let text = answer_text(&answer);
        assert!(text.starts_with("200 OK\n\nü") && text.ends_with('…'));
        assert_eq!(text.chars().count(), MAX_TEXT + 1);
    }
}

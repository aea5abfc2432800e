//! Answers that a browser shows as a page, and what still stops a script there.

use crate::probe::Answer;
use report::Level;

/// What a browser sends when somebody follows a link.
pub(super) const ACCEPT: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

/// Whether a browser shows an answer as a page: by its media type, or by its first bytes where it has none.
pub(super) fn is_page(answer: &Answer) -> bool {
    let is_download = answer
        .header("content-disposition")
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("attachment"));
    let is_markup = match answer.header("content-type") {
        Some(media_type) => {
            let media_type = media_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
            media_type == "text/html" || media_type == "application/xhtml+xml"
        }
        // Without a type, the bytes decide (MIME Sniffing §7.1).
        None => !has_nosniff(answer) && answer.text().trim_start().starts_with('<'),
    };
    is_markup && !is_download
}

fn has_nosniff(answer: &Answer) -> bool {
    answer.header("x-content-type-options").is_some_and(|value| value.trim().eq_ignore_ascii_case("nosniff"))
}

/// How bad a script in this page is: a policy that stops scripts within a page (CSP 3 §6.7.3) leaves less to gain.
pub(super) fn level_in(answer: &Answer) -> Option<Level> {
    let policies = answer.headers.get_all("content-security-policy");
    let stops = |policy: &str| {
        let directive = |name: &str| {
            policy.split(';').map(str::trim).find_map(|part| {
                let (known, sources) = part.split_once(char::is_whitespace).unwrap_or((part, ""));
                known.eq_ignore_ascii_case(name).then(|| sources.to_ascii_lowercase())
            })
        };
        let is_sandbox = directive("sandbox").is_some_and(|flags| !flags.contains("allow-scripts"));
        let sources = directive("script-src").or_else(|| directive("default-src"));
        // A nonce or a hash makes browsers ignore 'unsafe-inline'.
        let allows = |sources: &String| {
            sources.contains("'unsafe-inline'") && !sources.contains("'nonce-") && !sources.contains("'sha")
        };
        is_sandbox || sources.is_some_and(|sources| !allows(&sources))
    };
    let is_stopped = policies.iter().filter_map(|value| value.to_str().ok()).any(stops);
    is_stopped.then_some(Level::Low)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn answer(headers: &[(&'static str, &'static str)], body: &'static str) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Answer { status: StatusCode::OK, headers: map, body: Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn only_what_a_browser_renders_is_a_page() {
        for (headers, body, expected) in [
            (&[("content-type", "text/html; charset=utf-8")][..], "x", true),
            (&[("content-type", "application/json")], "<script>", false),
            (&[("content-type", "text/plain")], "<script>", false),
            (&[("content-type", "text/html"), ("content-disposition", "attachment; filename=a")], "x", false),
            (&[], "<p>", true),
            (&[], "{}", false),
            (&[("x-content-type-options", "nosniff")], "<p>", false),
        ] {
            assert_eq!(is_page(&answer(headers, body)), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_policy_counts_only_if_it_stops_scripts_in_the_page() {
        for (policy, expected) in [
            ("default-src 'self'", Some(Level::Low)),
            ("frame-ancestors 'none'", None),
            ("script-src 'self' 'unsafe-inline'", None),
            ("script-src 'unsafe-inline' 'nonce-a'", Some(Level::Low)),
            ("default-src *; script-src 'self'", Some(Level::Low)),
            ("sandbox", Some(Level::Low)),
        ] {
            assert_eq!(level_in(&answer(&[("content-security-policy", policy)], "")), expected, "{policy}");
        }
    }
}

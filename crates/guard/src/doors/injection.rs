//! Injection: "will the server execute what I put in this field?" (guide §1, §3, §9)

use detect::{Class, Finding};
use http::StatusCode;
use http::header::COOKIE;
use policy::config::Detectors;

use crate::event::{excerpt, is_secret};
use crate::exchange::Exchange;
use crate::guard::Engine;
use crate::inputs::{cookies, pairs};
use crate::refusal::{Decision, Refusal};

/// Headers with a grammar of their own, which no application puts into a query or a page.
const STRUCTURED: [&str; 26] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "dnt",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "pragma",
    "priority",
    "range",
    "te",
    "upgrade",
];

/// What is no prose even where people write.
const PROSE: &[Class] = &[Class::Html, Class::Lookup];

/// Judges path segments, query, cookies and headers.
pub(crate) fn admit_head(x: &Exchange<'_>, engine: &Engine) -> Decision {
    if engine.policy.detectors == Detectors::Off {
        return Decision::Pass;
    }
    let rounds = engine.policy.decode_rounds;
    let all = &detect::ALL[..];
    for segment in x.target.segments() {
        if let Some(finding) = detect::inspect(&segment, rounds, all) {
            return refuse("path", &segment, &finding);
        }
    }
    for (name, value) in pairs(x.target.query().unwrap_or("").as_bytes()) {
        if let Some(refusal) = judge(x, &name, value.as_bytes(), rounds, all) {
            return refusal;
        }
        if let Some(finding) = detect::inspect(name.as_bytes(), rounds, all) {
            return refuse("query name", name.as_bytes(), &finding);
        }
    }
    for (name, value) in x.headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(cookies) {
        if let Some(refusal) = judge(x, name, value.as_bytes(), rounds, all) {
            return refusal;
        }
    }
    for (name, value) in &x.headers {
        let name = name.as_str();
        if STRUCTURED.contains(&name) || name.starts_with("sec-") {
            continue;
        }
        // Agents and referrers are full of what looks like SQL; what harms there is markup and look-ups.
        let classes = match name {
            "user-agent" | "referer" => &[Class::Html, Class::Lookup][..],
            _ => all,
        };
        if let Some(refusal) = judge(x, name, value.as_bytes(), rounds, classes) {
            return refusal;
        }
    }
    Decision::Pass
}

/// Judges every input of the body.
pub(crate) fn admit_body(x: &Exchange<'_>, engine: &Engine) -> Decision {
    let Some(body) = x.body.as_ref().filter(|_| engine.policy.detectors == Detectors::On) else {
        return Decision::Pass;
    };
    let rounds = engine.policy.decode_rounds;
    let found =
        body.parsed.find_input(&body.decoded, |name, value| judge(x, name, value, rounds, &detect::ALL));
    found.unwrap_or(Decision::Pass)
}

/// Judges a window of a streamed body: each line of text in it.
pub(crate) fn judge_window(window: &[u8], rounds: usize) -> Option<Refusal> {
    let text = std::str::from_utf8(window).is_ok()
        || std::str::from_utf8(window).is_err_and(|e| e.error_len().is_none());
    if !text {
        return None;
    }
    window.split(|b| *b == b'\n').find_map(|line| {
        let finding = detect::inspect(line, rounds, &detect::ALL)?;
        Some(refusal("stream", line, &finding))
    })
}

fn judge(x: &Exchange<'_>, name: &str, value: &[u8], rounds: usize, classes: &[Class]) -> Option<Decision> {
    if x.route.exempt_inputs.iter().any(|exempt| exempt == name) {
        return None;
    }
    let mut classes = classes;
    if x.route.prose_inputs.iter().any(|prose| prose == name) {
        classes = PROSE;
    }
    detect::inspect(value, rounds, classes).map(|finding| refuse(name, value, &finding))
}

fn refuse(name: &str, value: &[u8], finding: &Finding) -> Decision {
    Decision::Refuse(refusal(name, value, finding))
}

fn refusal(name: &str, value: &[u8], finding: &Finding) -> Refusal {
    let shown = if is_secret(name) { "[redacted]".to_owned() } else { excerpt(value) };
    let decoded: Vec<&str> = finding.decodings.iter().map(|d| d.name()).collect();
    let decoded = if decoded.is_empty() { String::new() } else { format!(" after {}", decoded.join(", ")) };
    Refusal::new(
        StatusCode::FORBIDDEN,
        finding.class.name(),
        format!("{name}: {}{decoded}: {shown}", finding.reason),
    )
}

//! The page of the challenge: one document, nothing beside it, and nothing that a reader of screens cannot read.

use std::fmt::Write;
use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue};

use crate::exchange::id::EventId;

/// What the page says.
pub(super) struct Page<'p> {
    pub(super) path: &'p str,
    pub(super) token: &'p str,
    pub(super) bits: u32,
    pub(super) to: &'p str,
    /// How long a browser without JavaScript waits.
    pub(super) wait: Option<Duration>,
    pub(super) id: EventId,
}

const SCRIPT: &str = include_str!("challenge.js");
const STYLE: &str = include_str!("challenge.css");

/// The document.
pub(super) fn html(page: &Page<'_>) -> String {
    let (path, token, to) = (escape(page.path), escape(page.token), escape(page.to));
    let without = match page.wait {
        Some(wait) => {
            // A second more, so that nobody is early by the clock of his browser.
            let seconds = wait.as_secs() + 1;
            let query: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("c", page.token)
                .append_pair("to", page.to)
                .finish();
            format!(
                "<noscript><meta http-equiv=\"refresh\" content=\"{seconds}; url={path}?{}\"><p>Your browser runs no \
                 JavaScript. You are let in after {seconds} seconds.</p></noscript>",
                escape(&query)
            )
        }
        None => "<noscript><p>Your browser runs no JavaScript, without which this check cannot be made.</p></noscript>".into(),
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>One moment, please</title>\
         <style>{STYLE}</style></head><body><main><h1>One moment, please</h1><p>This site is checking that a browser is \
         there. It takes a few seconds, and happens once in a while.</p><p role=\"status\" id=\"status\">Checking\u{2026}</p>\
         {without}<p class=\"small\">If this page comes again and again, tell the site this number: <code>{}</code></p></main>\
         <form id=\"solution\" method=\"get\" action=\"{path}\" hidden><input type=\"hidden\" name=\"c\" value=\"{token}\">\
         <input type=\"hidden\" name=\"n\" value=\"\"><input type=\"hidden\" name=\"to\" value=\"{to}\"></form>\
         <script data-bits=\"{}\">{SCRIPT}</script></body></html>",
        page.id, page.bits
    )
}

/// What may run on it: these very texts.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    HeaderValue::try_from(policy).ok()
});

/// The headers of the page.
pub(super) fn dress(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    if let Some(policy) = &*POLICY {
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

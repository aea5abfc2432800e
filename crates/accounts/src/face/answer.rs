//! Answers: pages, JSON, and where to go next.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    RETRY_AFTER, SET_COOKIE,
};
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// An answer of the service.
pub(crate) type Answer = Response<Bytes>;

/// A page.
pub(crate) fn page(status: StatusCode, html: String) -> Answer {
    let mut answer = with(status, "text/html; charset=utf-8", html.into());
    let policy = HeaderValue::from_static(crate::pages::CONTENT_SECURITY_POLICY);
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    answer
}

/// JSON.
pub(crate) fn json(status: StatusCode, value: &Value) -> Answer {
    with(status, "application/json", value.to_string().into())
}

/// What went wrong, for a program (RFC 9457). `code` is for it to tell cases apart.
pub(crate) fn problem(status: StatusCode, code: &str, detail: &str) -> Answer {
    let value = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "code": code,
        "detail": detail,
    });
    with(status, "application/problem+json", value.to_string().into())
}

/// Nothing to say.
pub(crate) fn done() -> Answer {
    with(StatusCode::NO_CONTENT, "", Bytes::new())
}

/// Where to go next, after a form.
pub(crate) fn go_to(path: &str) -> Answer {
    let mut answer = with(StatusCode::SEE_OTHER, "", Bytes::new());
    if let Ok(path) = HeaderValue::try_from(path) {
        answer.headers_mut().insert(LOCATION, path);
    }
    answer
}

/// Which methods there are.
pub(crate) fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = problem(StatusCode::METHOD_NOT_ALLOWED, "method", methods);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

/// A file that never changes under its name.
pub(crate) fn asset(kind: &'static str, text: &'static str) -> Answer {
    let mut answer = with(StatusCode::OK, kind, Bytes::from_static(text.as_bytes()));
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    answer.headers_mut().insert(CACHE_CONTROL, forever);
    answer
}

/// A document for whoever verifies tokens, who may keep it for so long.
pub(crate) fn public(value: &Value, keep: Duration) -> Answer {
    let mut answer = json(StatusCode::OK, value);
    if let Ok(keep) = HeaderValue::try_from(format!("public, max-age={}", keep.as_secs())) {
        answer.headers_mut().insert(CACHE_CONTROL, keep);
    }
    answer
}

fn with(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    if !kind.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("same-origin"));
    answer
}

/// What is added to an answer.
pub(crate) trait Adding {
    /// Sets cookies.
    fn and_set(self, cookies: impl IntoIterator<Item = Option<HeaderValue>>) -> Self;
    /// Says when to come again.
    fn and_wait(self, wait: Duration) -> Self;
}

impl Adding for Answer {
    fn and_set(mut self, cookies: impl IntoIterator<Item = Option<HeaderValue>>) -> Self {
        for cookie in cookies.into_iter().flatten() {
            self.headers_mut().append(SET_COOKIE, cookie);
        }
        self
    }

    fn and_wait(mut self, wait: Duration) -> Self {
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        if let Ok(seconds) = HeaderValue::try_from(seconds.to_string()) {
            self.headers_mut().insert(RETRY_AFTER, seconds);
        }
        self
    }
}

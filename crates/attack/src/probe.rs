//! Requests as an attacker writes them, and their answers.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::identity::Identity;

/// Everything but the unreserved characters (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request to send.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Method.
    pub method: Method,
    /// Path and query, sent unchanged behind the root.
    pub target: String,
    /// The root that the target stands behind.
    pub root: Root,
    /// Headers besides Host and User-Agent.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Option<Content>,
    /// Whether to send a User-Agent.
    pub user_agent: bool,
}

/// What a target stands behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The root of the API, with its base path.
    Api,
    /// The root of the server.
    Server,
}

/// A body with its media type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Value of Content-Type.
    pub media_type: String,
    /// The body.
    pub bytes: Bytes,
}

impl Probe {
    /// A GET.
    pub fn get(target: impl Into<String>) -> Self {
        Probe {
            method: Method::GET,
            target: target.into(),
            root: Root::Api,
            headers: Vec::new(),
            body: None,
            user_agent: true,
        }
    }

    /// A GET of a path of the server, wherever the API is on it.
    pub fn get_of_server(target: impl Into<String>) -> Self {
        Probe { root: Root::Server, ..Probe::get(target) }
    }

    /// A GET with one query parameter. The value is percent-encoded.
    pub fn query(path: &str, name: &str, value: &str) -> Self {
        Probe::get(format!("{path}?{name}={}", utf8_percent_encode(value, RESERVED)))
    }

    /// A request with a JSON body.
    pub fn json(method: Method, target: impl Into<String>, body: &Value) -> Self {
        let content =
            Content { media_type: "application/json".to_owned(), bytes: Bytes::from(body.to_string()) };
        Probe { method, body: Some(content), ..Probe::get(target) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds the credentials of an account.
    #[must_use]
    pub fn by(mut self, identity: &Identity) -> Self {
        self.headers.extend(identity.headers.iter().cloned());
        self
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_encoded_and_paths_are_not() {
        for (path, value, target) in [
            ("/search", "a b", "/search?q=a%20b"),
            ("/search", "O'Brien", "/search?q=O%27Brien"),
            ("/search", "ü&=+", "/search?q=%C3%BC%26%3D%2B"),
            ("/search", "a-b_c.d~e", "/search?q=a-b_c.d~e"),
            ("/a/../b;c", "1", "/a/../b;c?q=1"),
        ] {
            assert_eq!(Probe::query(path, "q", value).target, target);
        }
    }
}

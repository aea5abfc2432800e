//! What is learnt from.

use http::Method;
use serde_json::{Map, Value};

/// One exchange, as far as a document is concerned.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// Method.
    pub method: Method,
    /// Path without query, as it was sent.
    pub path: String,
    /// Query names and values.
    pub query: Vec<(String, String)>,
    /// Media type and value of the request body, when it is JSON or a form.
    pub request: Option<(String, Value)>,
    /// Status of the answer.
    pub status: u16,
    /// Media type of the answer, and its value when it is JSON.
    pub response: Option<(String, Option<Value>)>,
    /// Claims of the caller's token; nothing is verified here.
    pub claims: Map<String, Value>,
}

/// Claims of a bearer token, as it says itself: to guess owners by, never to trust.
pub fn unverified_claims(authorization: &str) -> Map<String, Value> {
    use base64::Engine;
    let part = authorization.split(' ').nth(1).and_then(|token| token.split('.').nth(1)).unwrap_or("");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

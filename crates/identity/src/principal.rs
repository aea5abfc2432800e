//! The verified identity of a caller.

use serde_json::{Map, Value};

/// The kind of credential that identified a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A signed token.
    Token,
    /// An API key.
    ApiKey,
    /// A client certificate.
    Certificate,
}

impl Credential {
    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Credential::Token => "token",
            Credential::ApiKey => "api-key",
            Credential::Certificate => "certificate",
        }
    }
}

/// The caller that a credential identifies.
#[derive(Debug, Clone, PartialEq)]
pub struct Principal {
    /// The `sub` claim, or the subject of the API key.
    pub subject: String,
    /// All claims, verified.
    pub claims: Map<String, Value>,
    /// Scopes: the `scope` claim (RFC 8693 §4.2), `scp`, or those of the key.
    pub scopes: Vec<String>,
    /// The kind of credential.
    pub credential: Credential,
}

impl Principal {
    /// The principal of verified token claims.
    pub fn from_claims(claims: Map<String, Value>) -> Self {
        let mut scopes = Vec::new();
        for name in ["scope", "scp"] {
            match claims.get(name) {
                Some(Value::String(list)) => scopes.extend(list.split_whitespace().map(str::to_owned)),
                Some(Value::Array(list)) => {
                    scopes.extend(list.iter().filter_map(Value::as_str).map(str::to_owned))
                }
                _ => {}
            }
        }
        let subject = claims.get("sub").map(text_of).unwrap_or_default();
        Principal { subject, claims, scopes, credential: Credential::Token }
    }

    /// The value of a claim, if it is present and not null. `sub` is the subject for every credential.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name).filter(|v| !v.is_null())
    }

    /// Whether a claim equals a value or is a list that contains it; the number 7 equals the text "7".
    pub fn has(&self, claim: &str, value: &str) -> bool {
        match self.claim(claim) {
            Some(Value::Array(list)) => list.iter().any(|item| text_of(item) == value),
            Some(single) => text_of(single) == value,
            None => false,
        }
    }
}

/// A claim as text: `7` and `"7"` are the same identifier. Composite values are empty.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

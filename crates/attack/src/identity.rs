//! People who may use the API.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Somebody, and the headers that prove it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// A name for the report.
    pub name: String,
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
}

impl Identity {
    /// Somebody with a bearer token.
    pub fn bearer(name: &str, token: &str) -> Self {
        Identity { name: name.into(), headers: vec![("authorization".into(), format!("Bearer {token}"))] }
    }

    /// The bearer token, when that is what proves it.
    pub fn token(&self) -> Option<&str> {
        let is_authorization = |name: &str| name.eq_ignore_ascii_case("authorization");
        let (_, value) = self.headers.iter().find(|(name, _)| is_authorization(name))?;
        value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer "))
    }

    /// What the token says, unverified.
    pub fn claims(&self) -> Option<Value> {
        let payload = self.token()?.split('.').nth(1)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
    }

    /// The subject as text.
    pub fn subject(&self) -> Option<String> {
        match self.claims()?.get("sub")? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// `NAME=Header: value`, as on the command line.
impl std::str::FromStr for Identity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is not an identity; write `alice=Authorization: Bearer eyJ...`");
        let (name, header) = text.split_once('=').ok_or_else(bad)?;
        let (header, value) = header.split_once(':').ok_or_else(bad)?;
        Ok(Identity { name: name.trim().into(), headers: vec![(header.trim().into(), value.trim().into())] })
    }
}

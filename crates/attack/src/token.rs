//! JSON Web Tokens (RFC 7519) that the API did not issue.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;

/// The claims of a token, unverified. Always an object (RFC 7519 §4).
pub(crate) fn claims(token: &str) -> Option<Value> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&payload).ok().filter(Value::is_object)
}

/// Claims with other values for some, or with more of them.
pub(crate) fn changed<const N: usize>(mut claims: Value, changes: [(&str, Value); N]) -> Value {
    if let Value::Object(members) = &mut claims {
        members.extend(changes.map(|(name, value)| (name.to_owned(), value)));
    }
    claims
}

/// An unsigned token with these claims; `algorithm` is a spelling of `none`.
pub(crate) fn unsigned(claims: &Value, algorithm: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
    format!("{header}.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// The same with a `kid` in the header.
pub(crate) fn with_kid(claims: &Value, kid: &str, secret: &str) -> Option<String> {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
    encode(&header, claims, &EncodingKey::from_secret(secret.as_bytes())).ok()
}

/// A token that brings the key that verifies it (`jwk`, RFC 7515 §4.1.3).
pub(crate) fn with_own_key(claims: &Value) -> Option<String> {
    const KEY: &[u8] = b"a key of the attacker's own choice";
    let key = serde_json::json!({ "kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(KEY) });
    let header = Header { jwk: serde_json::from_value(key).ok(), ..Header::new(Algorithm::HS256) };
    encode(&header, claims, &EncodingKey::from_secret(KEY)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changed_claims_keep_the_others() {
        let claims = changed(json!({ "sub": "1", "exp": 2 }), [("exp", 1.into()), ("role", "admin".into())]);
        assert_eq!(claims, json!({ "sub": "1", "exp": 1, "role": "admin" }));
    }

    #[test]
    fn claims_of_what_is_no_jwt_are_none() {
        for token in ["", "opaque", "a.b.c", "e30.!!.", "e30", "e30.W10.", "e30.MQ."] {
            assert_eq!(claims(token), None, "{token}");
        }
        assert_eq!(claims("e30.e30="), Some(json!({})));
    }
}

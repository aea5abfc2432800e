//! JSON Web Tokens (RFC 7519), verified as RFC 8725 advises.

use base64::Engine;
use jsonwebtoken::{Algorithm, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::keys::VerificationKey;

/// Why a token is not believed. The caller learns only that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64url JSON.
    #[error("the token is not a JWT")]
    Malformed,
    /// No trusted key has the `kid` that it names.
    #[error("no trusted key is named by the token")]
    UnknownKey,
    /// `alg` is not the algorithm of the key: `none`, key confusion.
    #[error("the token's algorithm is not the key's")]
    Algorithm,
    /// The header demands an extension (`crit`) that nobody here knows.
    #[error("the token demands an unknown extension")]
    Critical,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// It has ended, or has no end.
    #[error("the token has expired, or never would")]
    Expired,
    /// It does not hold yet.
    #[error("the token does not hold yet")]
    NotYet,
    /// It is older than the policy allows, or does not say how old it is.
    #[error("the token is older than allowed")]
    Lifetime,
    /// It comes from another issuer.
    #[error("the token's issuer is not trusted")]
    Issuer,
    /// It is meant for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// It says nobody's name.
    #[error("the token has no subject")]
    Subject,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    #[serde(default)]
    pub(crate) crit: Value,
}

/// The header of a token, read but not believed.
pub(crate) fn header(token: &str) -> Result<Header, TokenError> {
    let (header, rest) = token.split_once('.').ok_or(TokenError::Malformed)?;
    if rest.split('.').count() != 2 {
        return Err(TokenError::Malformed);
    }
    let bytes =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenError::Malformed)?;
    let header: Header = serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)?;
    if header.crit.is_null() { Ok(header) } else { Err(TokenError::Critical) }
}

/// Verifies the signature with one key, which pins the algorithm.
pub(crate) fn verify(
    token: &str,
    header: &Header,
    key: &VerificationKey,
) -> Result<Map<String, Value>, TokenError> {
    if header.alg != name(key.algorithm) {
        return Err(TokenError::Algorithm);
    }
    let mut validation = Validation::new(key.algorithm);
    // Times, issuer and audience are checked by `claims`, with the caller's clock.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    decode(token, &key.key, &validation).map(|data| data.claims).map_err(|e| match e.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenError::Signature,
        _ => TokenError::Malformed,
    })
}

/// What an issuer's tokens must say.
#[derive(Debug, Clone)]
pub(crate) struct Expectations {
    pub(crate) issuer: Option<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) max_lifetime: Option<u64>,
    pub(crate) leeway: u64,
}

/// Checks the claims of a token whose signature is right. Answers with the second until which it is believed.
pub(crate) fn claims(
    claims: &Map<String, Value>,
    expected: &Expectations,
    now: u64,
) -> Result<u64, TokenError> {
    let time = |name| claims.get(name).and_then(Value::as_f64).map(|t| t.max(0.0) as u64);
    let expires = time("exp").ok_or(TokenError::Expired)?;
    if now >= expires.saturating_add(expected.leeway) {
        return Err(TokenError::Expired);
    }
    for name in ["nbf", "iat"] {
        if time(name).is_some_and(|t| t > now.saturating_add(expected.leeway)) {
            return Err(TokenError::NotYet);
        }
    }
    // An issuer that gives its tokens too long a life does not decide how long we believe them.
    let mut until = expires;
    if let Some(longest) = expected.max_lifetime {
        let issued = time("iat").ok_or(TokenError::Lifetime)?;
        until = until.min(issued.saturating_add(longest));
        if now >= until.saturating_add(expected.leeway) {
            return Err(TokenError::Lifetime);
        }
    }
    if let Some(issuer) = &expected.issuer
        && claims.get("iss").and_then(Value::as_str) != Some(issuer)
    {
        return Err(TokenError::Issuer);
    }
    if !expected.audiences.is_empty() {
        let listed =
            |value: &Value| value.as_str().is_some_and(|a| expected.audiences.iter().any(|e| e == a));
        let meant = match claims.get("aud") {
            Some(Value::Array(list)) => list.iter().any(listed),
            Some(one) => listed(one),
            None => false,
        };
        if !meant {
            return Err(TokenError::Audience);
        }
    }
    match claims.get("sub") {
        Some(Value::String(subject)) if !subject.is_empty() => Ok(until),
        Some(Value::Number(_)) => Ok(until),
        _ => Err(TokenError::Subject),
    }
}

fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::EdDSA => "EdDSA",
        Algorithm::ES256 => "ES256",
        Algorithm::RS256 => "RS256",
        Algorithm::HS256 => "HS256",
        _ => "",
    }
}

//! JSON Web Tokens (RFC 7519), verified as RFC 8725 recommends.

use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use jsonwebtoken::{Validation, decode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::keys::{VerificationKey, name};
use crate::unique::Unique;

/// Why a token is not accepted. The client learns only that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64url JSON, or a member of it stands there twice.
    #[error("the token is not a JWT, or has a name twice")]
    Malformed,
    /// No trusted key has the token's `kid`.
    #[error("no trusted key has the token's kid")]
    UnknownKey,
    /// `alg` is not the algorithm of the key: `none`, or key confusion (RFC 8725 §2.1).
    #[error("the token's alg is not the key's algorithm")]
    Algorithm,
    /// The header requires an extension (`crit`, RFC 7515 §4.1.11), or says that the content is not what is signed (`b64`, RFC
    /// 7797; `zip`): none is supported.
    #[error("the token requires an unsupported extension (crit, b64, zip)")]
    Critical,
    /// The signature is invalid.
    #[error("the token's signature is invalid")]
    Signature,
    /// `exp` is in the past.
    #[error("the token has expired")]
    Expired,
    /// There is no `exp` claim, or it lies beyond the year 9999, which no policy has limited.
    #[error("the token has no exp claim that ever comes")]
    NoExpiry,
    /// `nbf` or `iat` is in the future.
    #[error("the token is not valid yet (nbf, iat)")]
    NotYetValid,
    /// `iat` is longer ago than the policy allows, or missing where the policy limits a token's age.
    #[error("the token is older than allowed")]
    Lifetime,
    /// `iss` is not the trusted issuer's.
    #[error("the token's issuer is not trusted")]
    Issuer,
    /// `aud` names another audience, or none.
    #[error("the token is for another audience")]
    Audience,
    /// There is no `sub` claim, or it is blank, has control characters, or is a number that readers round.
    #[error("the token has no usable sub claim")]
    Subject,
    /// `typ` is not that of an access token (RFC 9068 §2.1), or the claims are those of an event (RFC 8417), as a logout token's.
    #[error("the token is no access token (typ, events)")]
    Type,
    /// It has been revoked: its user has logged out, or was changed.
    #[error("the token has been revoked")]
    Revoked,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) kid: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) typ: Option<String>,
    #[serde(default)]
    crit: Present,
    #[serde(default)]
    b64: Present,
    #[serde(default)]
    zip: Present,
}

/// A member that is a text where it is there: `null` is none.
fn text<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    String::deserialize(d).map(Some)
}

impl Header {
    /// Whether `typ` is one of these, in lower case and without `application/` (RFC 7515 §4.1.9). No `typ` is the empty one.
    pub(crate) fn is_typed(&self, types: &[String]) -> bool {
        let typ = self.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ);
        types.iter().any(|known| known == typ)
    }
}

/// Whether a member is there, whatever its value.
#[derive(Debug, Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(d).map(|_| Present(true))
    }
}

/// Whether a text is a token that nobody has signed (RFC 7519 §6), which whoever presents it has written himself: its
/// `alg` is `none`, or its signature is missing. It is read as the most careless library reads it: foreign characters
/// and bits too many in the Base64, a header that is no JSON of one reading.
pub fn is_unsigned(token: &[u8]) -> bool {
    let mut parts = token.split(|byte| *byte == b'.');
    let (Some(header), Some(_)) = (parts.next(), parts.next()) else { return false };
    // `{"alg":""}` in Base64.
    const SHORTEST: usize = 14;
    if header.len() < SHORTEST {
        return false;
    }
    let signature = parts.next().unwrap_or_default();
    let header = String::from_utf8_lossy(&careless_base64(header)).into_owned();
    let is_outside = |c: char| c.is_whitespace() || c.is_control();
    // Some readers of JSON fold the case of names (Go).
    let lower = header.to_ascii_lowercase();
    let mut algorithms = lower.match_indices("\"alg\"").filter_map(|(at, name)| {
        let rest =
            header.get(at + name.len()..)?.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        let end = rest.find('"').unwrap_or(rest.len());
        let text = format!("\"{}\"", rest.get(..end)?);
        Some(serde_json::from_str(&text).unwrap_or(text))
    });
    algorithms
        .any(|alg: String| signature.is_empty() || alg.trim_matches(is_outside).eq_ignore_ascii_case("none"))
}

/// Base64 of either alphabet, without what is in neither.
fn careless_base64(text: &[u8]) -> Vec<u8> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const CARELESS: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    let known = text.iter().filter_map(|byte| match byte {
        b'+' => Some(b'-'),
        b'/' => Some(b'_'),
        byte if byte.is_ascii_alphanumeric() || b"-_".contains(byte) => Some(*byte),
        _ => None,
    });
    let mut known: Vec<u8> = known.collect();
    // One character alone is no byte.
    known.truncate(known.len() - usize::from(known.len() % 4 == 1));
    CARELESS.decode(known).unwrap_or_default()
}

/// The header of a token, which nothing has verified yet.
pub(crate) fn header(token: &str) -> Result<Header, TokenError> {
    let (header, rest) = token.split_once('.').ok_or(TokenError::Malformed)?;
    if rest.split('.').count() != 2 {
        return Err(TokenError::Malformed);
    }
    let bytes =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenError::Malformed)?;
    let Unique(members) = serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)?;
    let header: Header = serde_json::from_value(Value::Object(members)).map_err(|_| TokenError::Malformed)?;
    if header.crit.0 || header.b64.0 || header.zip.0 { Err(TokenError::Critical) } else { Ok(header) }
}

/// Verifies the signature with one key, and with that key's algorithm only.
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
    decode(token, &key.key, &validation).map(|data| data.claims).map(|Unique(claims)| claims).map_err(|e| {
        match e.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenError::Signature,
            _ => TokenError::Malformed,
        }
    })
}

/// The claims that an issuer's tokens must have.
#[derive(Debug, Clone)]
pub(crate) struct Expectations {
    pub(crate) issuer: Option<String>,
    pub(crate) audiences: Vec<String>,
    /// `typ`, in lower case; the empty one is none.
    pub(crate) types: Vec<String>,
    pub(crate) max_lifetime: Option<u64>,
    pub(crate) leeway: u64,
}

/// The last second of the year 9999.
const END_OF_TIME: u64 = 253_402_300_799;

/// Checks the claims of a token whose signature is valid. Returns the second at which it expires.
pub(crate) fn claims(
    claims: &Map<String, Value>,
    header: &Header,
    expected: &Expectations,
    now: u64,
) -> Result<u64, TokenError> {
    let is_event = claims.get("events").and_then(Value::as_object).is_some_and(|events| !events.is_empty());
    if is_event || !header.is_typed(&expected.types) {
        return Err(TokenError::Type);
    }
    #[allow(clippy::cast_possible_truncation, reason = "whole seconds count (RFC 7519 §2); `as` saturates")]
    let time = |name| claims.get(name).and_then(Value::as_f64).map(|t| t.max(0.0) as u64);
    let expires_at = time("exp").ok_or(TokenError::NoExpiry)?;
    // In milliseconds, or made up: it would hold for ever.
    if expires_at > END_OF_TIME && expected.max_lifetime.is_none() {
        return Err(TokenError::NoExpiry);
    }
    if now >= expires_at.saturating_add(expected.leeway) {
        return Err(TokenError::Expired);
    }
    if claims.get("nbf").is_some_and(|value| !value.is_number()) {
        return Err(TokenError::NotYetValid);
    }
    for name in ["nbf", "iat"] {
        if time(name).is_some_and(|t| t > now.saturating_add(expected.leeway)) {
            return Err(TokenError::NotYetValid);
        }
    }
    // How long a token is accepted is not for its issuer alone to decide.
    let mut expires_at = expires_at;
    if let Some(longest) = expected.max_lifetime {
        let issued = time("iat").ok_or(TokenError::Lifetime)?;
        expires_at = expires_at.min(issued.saturating_add(longest));
        if now >= expires_at.saturating_add(expected.leeway) {
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
        let matches = match claims.get("aud") {
            Some(Value::Array(list)) => list.iter().any(listed),
            Some(one) => listed(one),
            None => false,
        };
        if !matches {
            return Err(TokenError::Audience);
        }
    }
    match claims.get("sub") {
        // A control character cannot be forwarded in a header: the API would see another subject, or none.
        Some(Value::String(subject)) if subject.chars().any(char::is_control) => Err(TokenError::Subject),
        Some(Value::String(subject)) if !subject.trim().is_empty() => Ok(expires_at),
        Some(Value::Number(subject)) if !subject.is_f64() => Ok(expires_at),
        _ => Err(TokenError::Subject),
    }
}

//! ID tokens (OpenID Connect Core 1.0 §3.1.3.7): verified as all tokens are, with the algorithm that belongs to the key, and what
//! they say of who has come.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha384, Sha512};
use store::Millis;

use crate::keys::VerificationKey;
use crate::token::{self, Expectations, TokenError};

/// Clock skew between a provider and us, in seconds.
const LEEWAY: u64 = 60;
/// Values of a list that are kept.
const MAX_VALUES: usize = 100;
/// Bytes of a value that is kept.
const MAX_VALUE: usize = 200;
/// Bytes of a subject: at most 255 letters of ASCII (§2).
const MAX_SUBJECT: usize = 255;

/// Why an ID token does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotVerified {
    #[error("{0}")]
    Token(#[from] TokenError),
    #[error("there is no ID token")]
    Missing,
    #[error("the token is for several, and another one asked for it (azp)")]
    Party,
    #[error("the token is of another log in (nonce)")]
    Nonce,
    #[error("the token belongs to another access token (at_hash)")]
    AccessToken,
    #[error("the token does not say that its user has shown anew who he is (auth_time)")]
    TooOld,
    #[error("the token is of another user than before (sub)")]
    Subject,
}

/// What an ID token has to be.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// Of the log in; a token of a refresh may have none.
    pub(crate) nonce: Option<&'a str>,
    pub(crate) access_token: &'a str,
    /// How long ago its user may have shown who he is, where that was asked for.
    pub(crate) max_age: Option<u64>,
}

/// Verifies an ID token; gives its claims.
pub(crate) fn verify(
    text: &str,
    keys: &[VerificationKey],
    expected: &Expected<'_>,
    now: Millis,
) -> Result<Map<String, Value>, NotVerified> {
    let header = token::header(text)?;
    let mut verified = Err(TokenError::UnknownKey);
    let fits = |key: &&VerificationKey| header.kid.is_none() || key.kid.is_none() || key.kid == header.kid;
    for key in keys.iter().filter(fits) {
        verified = token::verify(text, &header, key);
        if verified.is_ok() {
            break;
        }
    }
    let claims = verified?;
    let now = now / 1000;
    let must = Expectations {
        issuer: Some(expected.issuer.to_owned()),
        audiences: vec![expected.client_id.to_owned()],
        types: vec![String::new(), "jwt".to_owned()],
        max_lifetime: None,
        leeway: LEEWAY,
    };
    token::claims(&claims, &header, &must, now)?;
    if !claims.get("sub").is_some_and(Value::is_string) || !claims.get("iat").is_some_and(Value::is_number) {
        return Err(NotVerified::Token(TokenError::Malformed));
    }
    let is_for_several = claims.get("aud").and_then(Value::as_array).is_some_and(|list| list.len() > 1);
    match claims.get("azp") {
        None if is_for_several => return Err(NotVerified::Party),
        Some(party) if party.as_str() != Some(expected.client_id) => return Err(NotVerified::Party),
        _ => {}
    }
    let nonce = claims.get("nonce").and_then(Value::as_str);
    if expected.nonce.is_some() && nonce != expected.nonce {
        return Err(NotVerified::Nonce);
    }
    if let Some(hash) = claims.get("at_hash")
        && hash.as_str() != Some(&half_hash(&header.alg, expected.access_token))
    {
        return Err(NotVerified::AccessToken);
    }
    if let Some(longest) = expected.max_age {
        let shown = claims.get("auth_time").and_then(Value::as_u64).ok_or(NotVerified::TooOld)?;
        if now > shown.saturating_add(longest).saturating_add(LEEWAY) {
            return Err(NotVerified::TooOld);
        }
    }
    Ok(claims)
}

/// The left half of a token's hash, by the hash of the signature's algorithm (§3.1.3.6).
fn half_hash(algorithm: &str, token: &str) -> String {
    use base64::Engine;
    let encode = |hash: &[u8]| {
        let half = hash.get(..hash.len() / 2).unwrap_or_default();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(half)
    };
    match algorithm.get(2..) {
        Some("384") => encode(&Sha384::digest(token)),
        Some("256") => encode(&Sha256::digest(token)),
        // Ed25519 is of SHA-512.
        _ => encode(&Sha512::digest(token)),
    }
}

/// Who has come, as his provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) subject: String,
    pub(crate) email: Option<String>,
    pub(crate) is_verified: bool,
    pub(crate) name: Option<String>,
    pub(crate) amr: Vec<String>,
    pub(crate) acr: Option<String>,
    pub(crate) auth_time: Option<u64>,
    pub(crate) roles: Vec<String>,
    pub(crate) groups: Vec<String>,
}

impl Person {
    /// Reads verified claims. `None` where the subject is none.
    pub(crate) fn of(claims: &Map<String, Value>, settings: &policy::Provider) -> Option<Self> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let short = |text: &String| !text.trim().is_empty() && text.len() <= MAX_VALUE && is_plain(text);
        let list = |name: &Option<String>| {
            name.as_deref().map(|name| values(claim(claims, name))).unwrap_or_default()
        };
        // Some providers write `true` as text.
        let is_true = |value: &Value| value.as_bool() == Some(true) || value.as_str() == Some("true");
        Some(Person {
            subject: text("sub").filter(|subject| subject.len() <= MAX_SUBJECT)?,
            email: text("email"),
            is_verified: settings.trust_email || claims.get("email_verified").is_some_and(is_true),
            name: text("name").filter(short),
            amr: values(claims.get("amr")),
            acr: text("acr").filter(short),
            auth_time: claims.get("auth_time").and_then(Value::as_u64),
            roles: list(&settings.roles),
            groups: list(&settings.groups),
        })
    }

    /// Whether he has shown more than one thing, as his provider says.
    pub(crate) fn has_shown_more(&self, settings: &policy::Provider) -> bool {
        self.amr.iter().any(|method| method == "mfa")
            || self.acr.as_ref().is_some_and(|acr| settings.mfa_acr.contains(acr))
    }
}

/// A claim by its name, or by a path of names with dots between.
fn claim<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    claims.get(name).or_else(|| {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    })
}

/// The texts of a list, or the only one.
fn values(claim: Option<&Value>) -> Vec<String> {
    let one = |value: &Value| value.as_str().map(str::to_owned);
    let is_fit = |text: &String| !text.is_empty() && text.len() <= MAX_VALUE && is_plain(text);
    match claim {
        Some(Value::Array(list)) => list.iter().filter_map(one).filter(is_fit).take(MAX_VALUES).collect(),
        Some(value) => one(value).filter(is_fit).into_iter().collect(),
        None => Vec::new(),
    }
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

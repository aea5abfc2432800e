//! Access tokens: thirty days, a weak secret, and whatever algorithm and key the token names; or fifteen minutes, a strong
//! secret, and one algorithm ([guide §8]).
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, TokenData, Validation, decode, encode};
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use crate::kept_sessions::goes_on;
use crate::shop::{Shop, ShopError};
use crate::version::Version;

/// A secret from tutorials.
pub(crate) const WEAK: &str = "secret";
const THIRTY_DAYS: u64 = 30 * 24 * 3600;
const FIFTEEN_MINUTES: u64 = 15 * 60;

/// The claims of a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// User id, as text (RFC 7519 §4.1.2).
    pub(crate) sub: String,
    pub(crate) role: String,
    #[serde(default)]
    sid: i64,
    #[serde(default)]
    iat: u64,
    #[serde(default)]
    exp: u64,
}

impl Claims {
    pub(crate) fn id(&self) -> i64 {
        self.sub.parse().unwrap_or(0)
    }

    pub(crate) fn session(&self) -> i64 {
        self.sid
    }
}

/// A token for a user.
pub(crate) fn issue(shop: &Shop, id: i64, role: &str, session: i64) -> Result<String, ShopError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let life = match shop.version {
        Version::Vulnerable => THIRTY_DAYS,
        Version::Hardened => FIFTEEN_MINUTES,
    };
    let claims = Claims { sub: id.to_string(), role: role.into(), sid: session, iat: now, exp: now + life };
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(shop.secret.as_bytes()))
        .map_err(|_| ShopError::Internal("token".into()))
}

fn verify(shop: &Shop, token: &str) -> Option<Claims> {
    match shop.version {
        Version::Vulnerable => {
            // Vulnerable: the token chooses its algorithm, and `exp` is not checked.
            let mut parts = token.split('.');
            let header: serde_json::Value =
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok()?;
            let algorithm = header.get("alg")?.as_str()?.to_ascii_lowercase();
            if algorithm == "none" {
                return serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok();
            }
            let mut validation = Validation::new(Algorithm::HS256);
            validation.validate_exp = false;
            let key = chosen_key(shop, &header)?;
            decode(token, &DecodingKey::from_secret(&key), &validation).ok().map(|d| d.claims)
        }
        Version::Hardened => {
            let validation = Validation::new(Algorithm::HS256);
            let decoded = decode(token, &DecodingKey::from_secret(shop.secret.as_bytes()), &validation);
            // Hardened: a token ends with its session.
            decoded.ok().map(|d: TokenData<Claims>| d.claims).filter(|claims| goes_on(shop, claims.sid))
        }
    }
}

/// Vulnerable: the token says which key to verify it with: it brings one, or names one in a table, by concatenated SQL.
fn chosen_key(shop: &Shop, header: &serde_json::Value) -> Option<Vec<u8>> {
    if let Some(own) = header.get("jwk").and_then(|key| key.get("k")?.as_str()) {
        return URL_SAFE_NO_PAD.decode(own).ok();
    }
    let Some(kid) = header.get("kid").and_then(serde_json::Value::as_str) else {
        return Some(shop.secret.as_bytes().to_vec());
    };
    let sql = format!("SELECT secret FROM signing_keys WHERE kid = '{kid}'");
    let secret = shop.database.read(|db| db.query_row(&sql, [], |row| row.get::<_, String>(0)).optional());
    secret.ok().flatten().map(String::into_bytes)
}

/// The caller, as the gate in front says in its header.
fn named(shop: &Shop, subject: &str) -> Option<Claims> {
    let id: i64 = subject.parse().ok()?;
    let sql = "SELECT role FROM users WHERE id = ?1";
    let role = shop.database.read(|db| db.query_row(sql, [id], |row| row.get::<_, String>(0)).optional());
    Some(Claims { sub: id.to_string(), role: role.ok().flatten()?, sid: 0, iat: 0, exp: 0 })
}

impl FromRequestParts<Shop> for Claims {
    type Rejection = ShopError;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Self, ShopError> {
        if let Some(header) = &shop.identity_header {
            let subject = parts.headers.get(header).and_then(|value| value.to_str().ok());
            return subject.and_then(|subject| named(shop, subject)).ok_or(ShopError::Unauthorized);
        }
        let text = |name| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
        let bearer = text(AUTHORIZATION).strip_prefix("Bearer ");
        let cookie = || text(COOKIE).split(';').find_map(|pair| pair.trim().strip_prefix("session="));
        let token = bearer.or_else(cookie).ok_or(ShopError::Unauthorized)?;
        verify(shop, token).ok_or(ShopError::Unauthorized)
    }
}

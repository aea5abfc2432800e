//! Sessions: a refresh token that works for ever and a log out that ends nothing, or rotation and revocation
//! ([guide §8]).
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::kept_sessions::{end, next_token};
use crate::shop::{Shop, ShopError};
use crate::token::{self, Claims};
use crate::version::Version;

#[derive(Deserialize)]
pub(crate) struct Refresh {
    refresh_token: String,
}

pub(crate) async fn refresh(
    State(shop): State<Shop>,
    Json(Refresh { refresh_token }): Json<Refresh>,
) -> Result<Json<Value>, ShopError> {
    let sql = "SELECT s.id, u.id, u.role, s.is_ended, t.is_spent FROM refresh_tokens t \
               JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id WHERE t.token = ?1";
    let (user, role, session, next) = shop.database.write(|db| {
        let found = db.query_row(sql, [&refresh_token], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, bool>(3)?,
                row.get::<_, bool>(4)?,
            ))
        });
        let (session, user, role, is_ended, is_spent) = found.optional()?.ok_or(ShopError::Unauthorized)?;
        match shop.version {
            // Vulnerable: the token renews for ever, whoever has it.
            Version::Vulnerable => Ok((user, role, session, refresh_token.clone())),
            Version::Hardened if is_ended => Err(ShopError::Unauthorized),
            Version::Hardened if is_spent => {
                // Somebody has copied it: nobody keeps the session.
                end(db, session)?;
                Err(ShopError::Unauthorized)
            }
            Version::Hardened => {
                db.execute("UPDATE refresh_tokens SET is_spent = 1 WHERE token = ?1", [&refresh_token])?;
                Ok((user, role, session, next_token(db, session)?))
            }
        }
    })?;
    let token = token::issue(&shop, user, &role, session)?;
    Ok(Json(json!({ "token": token, "refresh_token": next })))
}

pub(crate) async fn logout(State(shop): State<Shop>, claims: Claims) -> Result<StatusCode, ShopError> {
    // Vulnerable: the client is expected to forget its tokens.
    if shop.version == Version::Hardened {
        shop.database.write(|db| end(db, claims.session()))?;
    }
    Ok(StatusCode::NO_CONTENT)
}

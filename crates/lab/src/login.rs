//! Login: unlimited attempts, or five failures in fifteen minutes ([guide §4], [guide §8]).
//!
//! [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde_json::json;

use crate::shop::{Shop, ShopError};
use crate::token;
use crate::version::Version;

#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: String,
}

pub(crate) async fn login(
    State(shop): State<Shop>,
    Json(Credentials { username, password }): Json<Credentials>,
) -> Result<impl IntoResponse, ShopError> {
    if shop.version == Version::Hardened && shop.failures.are_too_many(&username) {
        return Err(ShopError::TooMany);
    }
    let sql = "SELECT id, role FROM users WHERE name = ?1 AND password = ?2";
    let found = shop.database.read(|db| {
        db.query_row(sql, (&username, &password), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
            .optional()
    })?;
    let Some((id, role)) = found else {
        shop.failures.add(&username);
        return Err(ShopError::Unauthorized);
    };
    let token = token::issue(&shop, id, &role)?;
    let attributes = match shop.version {
        // Vulnerable: any script can read the cookie, any site's page can send it.
        Version::Vulnerable => "",
        Version::Hardened => "; Path=/api; HttpOnly; Secure; SameSite=Strict; Max-Age=900",
    };
    let cookie = format!("session={token}{attributes}");
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Json(json!({ "token": token }))))
}

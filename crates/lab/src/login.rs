//! Login: unlimited attempts and an answer that tells who has an account, or five failures in fifteen minutes ([guide §4], [guide §8]).
//!
//! [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use rusqlite::{OptionalExtension, Row};
use serde::Deserialize;
use serde_json::json;

use crate::shop::{Shop, ShopError};
use crate::version::Version;
use crate::{kept_sessions, passwords, token};

#[derive(Deserialize)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: String,
}

pub(crate) async fn login(
    State(shop): State<Shop>,
    Json(Credentials { username, password }): Json<Credentials>,
) -> Result<impl IntoResponse, ShopError> {
    if shop.version == Version::Hardened && shop.failures.are_too_many(&username) {
        return Err(ShopError::TooMany);
    }
    let sql = "SELECT id, role, password FROM users WHERE name = ?1";
    let found = shop.database.read(|db| {
        let row =
            |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?));
        db.query_row(sql, [&username], row).optional()
    })?;
    let stored = found.as_ref().map(|(.., stored)| stored.as_str());
    let is_right = passwords::is_right(shop.version, &password, stored);
    let Some((id, role, _)) = found.as_ref().filter(|_| is_right) else {
        shop.failures.add(&username);
        return Err(match (shop.version, found) {
            // Vulnerable: whoever asks learns who has an account.
            (Version::Vulnerable, None) => ShopError::NoAccount,
            (Version::Vulnerable, Some(_)) => ShopError::WrongPassword,
            (Version::Hardened, _) => ShopError::Unauthorized,
        });
    };
    let (session, refresh) = shop.database.write(|db| kept_sessions::begin(db, *id))?;
    let token = token::issue(&shop, *id, role, session)?;
    let attributes = match shop.version {
        // Vulnerable: any script can read the cookie, any site's page can send it.
        Version::Vulnerable => "",
        Version::Hardened => "; Path=/api; HttpOnly; Secure; SameSite=Strict; Max-Age=900",
    };
    let cookie = format!("session={token}{attributes}");
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Json(json!({ "token": token, "refresh_token": refresh }))))
}

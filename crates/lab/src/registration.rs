//! Registration: any password, or one that nobody can guess ([guide §8]).
//!
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::OptionalExtension;
use serde_json::{Value, json};

use crate::login::Credentials;
use crate::passwords;
use crate::shop::{Shop, ShopError};

/// The most accounts: they come from outside and must not fill the memory.
const MAX_ACCOUNTS: i64 = 10_000;

pub(crate) async fn register(
    State(shop): State<Shop>,
    Json(Credentials { username, password }): Json<Credentials>,
) -> Result<(StatusCode, Json<Value>), ShopError> {
    if !passwords::is_allowed(shop.version, &password) {
        return Err(ShopError::Refused("take a password of 12 to 128 characters that nobody can guess"));
    }
    let hash = passwords::hash(shop.version, &password).map_err(|e| ShopError::Internal(e.to_string()))?;
    let id = shop.database.write(|db| {
        let count: i64 = db.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
        let taken = db.query_row("SELECT 1 FROM users WHERE name = ?1", [&username], |_| Ok(())).optional()?;
        if taken.is_some() || count >= MAX_ACCOUNTS {
            return Err(ShopError::Refused("this name is taken"));
        }
        db.execute(
            "INSERT INTO users (name, password, email, avatar_url, bio, role, settings) VALUES (?1, ?2, '', '', '', 'user', '{}')",
            (&username, &hash),
        )?;
        Ok(db.last_insert_rowid())
    })?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "name": username }))))
}

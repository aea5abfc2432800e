//! One user: anyone, or only the caller ([guide §2]).
//!
//! [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization

use axum::Json;
use axum::extract::{Path, State};
use rusqlite::{OptionalExtension, Row};
use serde_json::{Map, Value, json};

use crate::shop::{Shop, ShopError};
use crate::token::Claims;
use crate::version::Version;

pub(crate) async fn one(
    State(shop): State<Shop>,
    claims: Claims,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ShopError> {
    // Hardened: only the caller's own row, unless an admin reads.
    let visible = match shop.version {
        Version::Vulnerable => true,
        Version::Hardened => claims.id() == id || claims.role == "admin",
    };
    if !visible {
        return Err(ShopError::NotFound);
    }
    find(&shop, id)?.map(Json).ok_or(ShopError::NotFound)
}

/// A user as the API shows it: the whole row, or without the password.
pub(crate) fn find(shop: &Shop, id: i64) -> Result<Option<Value>, ShopError> {
    let to_json = |row: &Row<'_>| -> rusqlite::Result<Value> {
        let text = |i| row.get::<_, Option<String>>(i).map(Option::unwrap_or_default);
        let mut user = json!({
            "id": row.get::<_, i64>(0)?, "name": text(1)?, "email": text(2)?, "avatar_url": text(3)?,
            "bio": text(4)?, "role": text(5)?, "settings": settings(&text(7)?),
        });
        // Vulnerable: the password is included (excessive data exposure).
        if let (Version::Vulnerable, Value::Object(members)) = (shop.version, &mut user) {
            members.insert("password".into(), json!(text(6)?));
        }
        Ok(user)
    };
    let sql = "SELECT id, name, email, avatar_url, bio, role, password, settings FROM users WHERE id = ?1";
    shop.database.read(|db| db.query_row(sql, [id], to_json).optional()).map_err(ShopError::from)
}

/// The stored settings; an empty object when they cannot be read.
pub(crate) fn settings(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

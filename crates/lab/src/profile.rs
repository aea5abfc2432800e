//! The caller's profile: every field can be assigned, or an allowlist ([guide §6]). And the avatar.
//!
//! [guide §6]: https://github.com/doorward/doorward/blob/main/docs/guide.md#6-mass-assignment

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use crate::shop::{Shop, ShopError};
use crate::token::Claims;
use crate::version::Version;

/// The guide's allowlist.
const FIELDS: [&str; 4] = ["name", "email", "avatar_url", "bio"];
/// The columns that the vulnerable version lets a client assign: all text columns of the table.
const COLUMNS: [&str; 6] = ["name", "email", "avatar_url", "bio", "role", "password"];

pub(crate) async fn update(
    State(shop): State<Shop>,
    claims: Claims,
    Json(changes): Json<Map<String, Value>>,
) -> Result<Json<Value>, ShopError> {
    let assignable: &[&str] = match shop.version {
        // Vulnerable: `for key, value in request.json: setattr(user, key, value)`.
        Version::Vulnerable => &COLUMNS,
        Version::Hardened => &FIELDS,
    };
    shop.database.write(|db| -> rusqlite::Result<()> {
        for (field, value) in changes.iter().filter(|(field, _)| assignable.contains(&field.as_str())) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            db.execute(&format!("UPDATE users SET {field} = ?1 WHERE id = ?2"), (text, claims.id()))?;
        }
        match changes.get("settings") {
            Some(Value::Object(changed)) => merge_settings(shop.version, db, claims.id(), changed),
            _ => Ok(()),
        }
    })?;
    crate::users::find(&shop, claims.id())?.map(Json).ok_or(ShopError::NotFound)
}

/// Settings are an inner object, which an allowlist of the outer names does not cover.
fn merge_settings(
    version: Version,
    db: &Connection,
    user: i64,
    changed: &Map<String, Value>,
) -> rusqlite::Result<()> {
    let stored: String =
        db.query_row("SELECT settings FROM users WHERE id = ?1", [user], |row| row.get(0))?;
    let mut settings = crate::users::settings(&stored);
    for (name, value) in changed {
        if version == Version::Vulnerable || name == "theme" {
            settings.insert(name.clone(), value.clone());
        }
    }
    db.execute("UPDATE users SET settings = ?1 WHERE id = ?2", (Value::Object(settings).to_string(), user))
        .map(drop)
}

pub(crate) async fn avatar(_claims: Claims, body: Bytes) -> Json<Value> {
    Json(json!({ "bytes": body.len() }))
}

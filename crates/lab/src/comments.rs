//! Comments: shown unescaped, or escaped for the page ([guide §3]).
//!
//! [guide §3]: https://github.com/doorward/doorward/blob/main/docs/guide.md#3-cross-site-scripting

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Html;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::shop::{Shop, ShopError};
use crate::token::Claims;
use crate::version::Version;

#[derive(Deserialize)]
pub(crate) struct NewComment {
    text: String,
}

#[derive(Deserialize)]
pub(crate) struct Page {
    #[serde(default)]
    title: String,
}

pub(crate) async fn create(
    State(shop): State<Shop>,
    claims: Claims,
    Json(NewComment { text }): Json<NewComment>,
) -> Result<(StatusCode, Json<Value>), ShopError> {
    let id = shop.database.write(|db| {
        db.execute("INSERT INTO comments (user_id, text) VALUES (?1, ?2)", (claims.id(), &text))
            .map(|_| db.last_insert_rowid())
    })?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "user_id": claims.id(), "text": text }))))
}

pub(crate) async fn list(State(shop): State<Shop>) -> Result<Json<Value>, ShopError> {
    let rows = all(&shop)?;
    Ok(Json(
        rows.into_iter()
            .map(|(id, user_id, text)| json!({ "id": id, "user_id": user_id, "text": text }))
            .collect(),
    ))
}

pub(crate) async fn page(
    State(shop): State<Shop>,
    Query(Page { title }): Query<Page>,
) -> Result<Html<String>, ShopError> {
    let show = |text: &str| match shop.version {
        // Vulnerable: comments become markup.
        Version::Vulnerable => text.to_owned(),
        Version::Hardened => escape(text),
    };
    let items: String = all(&shop)?.iter().map(|(_, _, text)| format!("<li>{}</li>\n", show(text))).collect();
    Ok(Html(format!("<!doctype html><title>Comments</title><h1>{}</h1>\n<ul>\n{items}</ul>\n", show(&title))))
}

fn all(shop: &Shop) -> Result<Vec<(i64, i64, String)>, ShopError> {
    let sql = "SELECT id, user_id, text FROM comments ORDER BY id DESC LIMIT 100";
    let rows = shop.database.read(|db| {
        let mut statement = db.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    });
    rows.map_err(ShopError::from)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

//! Search for users: concatenated SQL, or bound parameters on a connection that may only read ([guide §1]).
//!
//! [guide §1]: https://github.com/doorward/doorward/blob/main/docs/guide.md#1-sql-injection

use axum::Json;
use axum::extract::{Query, State};
use rusqlite::{Connection, Statement};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::shop::{Shop, ShopError};
use crate::version::Version;

#[derive(Deserialize)]
pub(crate) struct Search {
    q: String,
}

pub(crate) async fn search(
    State(shop): State<Shop>,
    Query(Search { q }): Query<Search>,
) -> Result<Json<Value>, ShopError> {
    match shop.version {
        Version::Vulnerable => shop.database.write(|db| vulnerable(db, &q)),
        Version::Hardened => shop.database.read(|db| hardened(db, &q)),
    }
    .map(Json)
    .map_err(|e| match shop.version {
        // Vulnerable: the database's error message.
        Version::Vulnerable => ShopError::Internal(e.to_string()),
        Version::Hardened => ShopError::Internal("search failed".into()),
    })
}

/// Vulnerable: the input becomes SQL, and a statement behind a semicolon is executed too.
fn vulnerable(db: &Connection, q: &str) -> rusqlite::Result<Value> {
    let sql = format!("SELECT id, name FROM users WHERE name = '{q}' AND role <> 'admin'");
    let mut rows = Value::Array(Vec::new());
    let mut rest = sql.as_str();
    while !rest.trim().is_empty() {
        // A batch: each statement in turn, as `execute_batch` and many drivers do.
        let (first, others) = split_statement(rest);
        let mut statement = db.prepare(first)?;
        if statement.column_count() > 0 {
            rows = all(&mut statement)?;
        } else {
            statement.raw_execute()?;
        }
        rest = others;
    }
    Ok(rows)
}

/// Splits behind the next semicolon outside quotes.
fn split_statement(sql: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, c) in sql.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            ';' if !quoted => return sql.split_at(at + 1),
            _ => {}
        }
    }
    (sql, "")
}

/// Hardened: the input stays a value.
fn hardened(db: &Connection, q: &str) -> rusqlite::Result<Value> {
    let mut statement = db.prepare("SELECT id, name FROM users WHERE name = ?1 AND role <> 'admin'")?;
    let rows = statement
        .query_map([q], |row| Ok(json!({ "id": row.get::<_, i64>(0)?, "name": row.get::<_, String>(1)? })))?;
    rows.collect::<rusqlite::Result<Vec<Value>>>().map(Value::Array)
}

fn all(statement: &mut Statement<'_>) -> rusqlite::Result<Value> {
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.raw_query();
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let mut object = Map::new();
        for (i, name) in names.iter().enumerate() {
            let value = match row.get_ref(i)? {
                rusqlite::types::ValueRef::Integer(n) => json!(n),
                rusqlite::types::ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
                _ => Value::Null,
            };
            object.insert(name.clone(), value);
        }
        out.push(Value::Object(object));
    }
    Ok(Value::Array(out))
}

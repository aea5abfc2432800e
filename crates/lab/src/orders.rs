//! Orders: everybody's, or the caller's own ([guide §2]).
//!
//! [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use rusqlite::{Params, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Version;
use crate::server::{Problem, Shop};
use crate::token::Claims;

#[derive(Deserialize)]
pub(crate) struct NewOrder {
    item: String,
    quantity: i64,
    #[serde(default)]
    note: String,
    price: Option<i64>,
    user_id: Option<i64>,
}

pub(crate) async fn list(State(shop): State<Shop>, claims: Claims) -> Result<Json<Value>, Problem> {
    all(&shop, whose(&shop, &claims)).map(|orders| Json(Value::Array(orders)))
}

pub(crate) async fn one(
    State(shop): State<Shop>,
    claims: Claims,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    find(&shop, id, whose(&shop, &claims))?.map(Json).ok_or(Problem::NotFound)
}

/// Whose orders are looked at.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    Anybody,
    Of(i64),
}

/// Vulnerable: anybody's; whoever knows an id may have it ([guide §2]).
///
/// [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization
fn whose(shop: &Shop, claims: &Claims) -> Whose {
    match shop.version {
        Version::Vulnerable => Whose::Anybody,
        Version::Hardened => Whose::Of(claims.id()),
    }
}

/// One order by its id.
pub(crate) fn find(shop: &Shop, id: i64, whose: Whose) -> Result<Option<Value>, Problem> {
    let found = match whose {
        Whose::Anybody => select(shop, "WHERE id = ?1", [id]),
        Whose::Of(user) => select(shop, "WHERE id = ?1 AND user_id = ?2", [id, user]),
    }?;
    Ok(found.into_iter().next())
}

/// All orders.
pub(crate) fn all(shop: &Shop, whose: Whose) -> Result<Vec<Value>, Problem> {
    match whose {
        Whose::Anybody => select(shop, "", []),
        Whose::Of(user) => select(shop, "WHERE user_id = ?1", [user]),
    }
}

pub(crate) async fn create(
    State(shop): State<Shop>,
    claims: Claims,
    Json(order): Json<NewOrder>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (user_id, price) = match shop.version {
        // Vulnerable: whatever the client says (docs/guide.md §6).
        Version::Vulnerable => (order.user_id.unwrap_or(claims.id()), order.price),
        Version::Hardened => (claims.id(), None),
    };
    let price = price.unwrap_or(order.quantity.saturating_mul(10));
    let id = shop.database.write(|db| {
        db.execute(
            "INSERT INTO orders (user_id, item, quantity, note, price) VALUES (?1, ?2, ?3, ?4, ?5)",
            (user_id, &order.item, order.quantity, &order.note, price),
        )
        .map(|_| db.last_insert_rowid())
    })?;
    let order = json!({ "id": id, "user_id": user_id, "item": order.item, "quantity": order.quantity, "note": order.note, "price": price });
    Ok((StatusCode::CREATED, Json(order)))
}

pub(crate) async fn change(
    State(shop): State<Shop>,
    claims: Claims,
    Path(id): Path<i64>,
    Json(order): Json<NewOrder>,
) -> Result<Json<Value>, Problem> {
    let owner = owner_of_write(whose(&shop, &claims));
    let changed = shop.database.write(|db| {
        db.execute(
            "UPDATE orders SET item = ?1, quantity = ?2, note = ?3 WHERE id = ?4 AND (?5 IS NULL OR user_id = ?5)",
            (&order.item, order.quantity, &order.note, id, owner),
        )
    })?;
    let found = select(&shop, "WHERE id = ?1", [id])?;
    found.into_iter().next().filter(|_| changed > 0).map(Json).ok_or(Problem::NotFound)
}

pub(crate) async fn remove(
    State(shop): State<Shop>,
    claims: Claims,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let owner = owner_of_write(whose(&shop, &claims));
    let removed = shop.database.write(|db| {
        db.execute("DELETE FROM orders WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2)", (id, owner))
    })?;
    if removed > 0 { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::NotFound) }
}

/// Whose order a write may touch, for SQL.
fn owner_of_write(whose: Whose) -> Option<i64> {
    match whose {
        Whose::Anybody => None,
        Whose::Of(user) => Some(user),
    }
}

#[derive(Deserialize)]
pub(crate) struct Batch {
    ids: String,
}

/// Several orders at once. Vulnerable: the check of the single read was forgotten here.
pub(crate) async fn batch(
    State(shop): State<Shop>,
    claims: Claims,
    Query(batch): Query<Batch>,
) -> Result<Json<Value>, Problem> {
    let mut orders = Vec::new();
    for id in batch.ids.split(',').take(20) {
        let id: i64 = id.trim().parse().map_err(|_| Problem::NotFound)?;
        orders.extend(find(&shop, id, whose(&shop, &claims))?);
    }
    Ok(Json(Value::Array(orders)))
}

/// An order under its user. Vulnerable: the user is checked, and the order is not the user's.
pub(crate) async fn nested(
    State(shop): State<Shop>,
    claims: Claims,
    Path((user, id)): Path<(i64, i64)>,
) -> Result<Json<Value>, Problem> {
    if user != claims.id() {
        return Err(Problem::NotFound);
    }
    find(&shop, id, whose(&shop, &claims))?.map(Json).ok_or(Problem::NotFound)
}

fn select(shop: &Shop, condition: &str, parameters: impl Params) -> Result<Vec<Value>, Problem> {
    let to_json = |row: &Row<'_>| {
        Ok(json!({
            "id": row.get::<_, i64>(0)?, "user_id": row.get::<_, i64>(1)?, "item": row.get::<_, String>(2)?,
            "quantity": row.get::<_, i64>(3)?, "note": row.get::<_, String>(4)?, "price": row.get::<_, i64>(5)?,
        }))
    };
    let sql = format!(
        "SELECT id, user_id, item, quantity, note, price FROM orders {condition} ORDER BY id LIMIT 200"
    );
    shop.database
        .read(|db| {
            db.prepare(&sql)?.query_map(parameters, to_json)?.collect::<rusqlite::Result<Vec<Value>>>()
        })
        .map_err(Problem::from)
}

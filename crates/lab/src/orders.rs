//! Orders: everyone's, or the caller's own ([guide §2]).
//!
//! [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use rusqlite::{Params, Row};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::shop::{Shop, ShopError};
use crate::token::Claims;
use crate::version::Version;

#[derive(Deserialize)]
pub(crate) struct NewOrder {
    item: String,
    quantity: i64,
    #[serde(default)]
    note: String,
    price: Option<i64>,
    user_id: Option<i64>,
}

pub(crate) async fn list(State(shop): State<Shop>, claims: Claims) -> Result<Json<Value>, ShopError> {
    all(&shop, scope(&shop, &claims)).map(|orders| Json(Value::Array(orders)))
}

pub(crate) async fn one(
    State(shop): State<Shop>,
    claims: Claims,
    Path(id): Path<i64>,
) -> Result<Json<Value>, ShopError> {
    find(&shop, id, scope(&shop, &claims))?.map(Json).ok_or(ShopError::NotFound)
}

/// Whose orders a query covers.
#[derive(Clone, Copy)]
pub(crate) enum Scope {
    Everyone,
    User(i64),
}

/// Vulnerable: everyone's; knowing an id is enough ([guide §2]).
///
/// [guide §2]: https://github.com/doorward/doorward/blob/main/docs/guide.md#2-broken-object-level-authorization
fn scope(shop: &Shop, claims: &Claims) -> Scope {
    match shop.version {
        Version::Vulnerable => Scope::Everyone,
        Version::Hardened => Scope::User(claims.id()),
    }
}

/// One order by its id.
pub(crate) fn find(shop: &Shop, id: i64, scope: Scope) -> Result<Option<Value>, ShopError> {
    let found = match scope {
        Scope::Everyone => select(shop, "WHERE id = ?1", [id]),
        Scope::User(user) => select(shop, "WHERE id = ?1 AND user_id = ?2", [id, user]),
    }?;
    Ok(found.into_iter().next())
}

/// All orders.
pub(crate) fn all(shop: &Shop, scope: Scope) -> Result<Vec<Value>, ShopError> {
    match scope {
        Scope::Everyone => select(shop, "", []),
        Scope::User(user) => select(shop, "WHERE user_id = ?1", [user]),
    }
}

pub(crate) async fn create(
    State(shop): State<Shop>,
    claims: Claims,
    Json(order): Json<NewOrder>,
) -> Result<(StatusCode, Json<Value>), ShopError> {
    let (user_id, price) = match shop.version {
        // Vulnerable: the client sets owner and price (docs/guide.md §6).
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
) -> Result<Json<Value>, ShopError> {
    let owner = owner_of_write(scope(&shop, &claims));
    let changed = shop.database.write(|db| {
        db.execute(
            "UPDATE orders SET item = ?1, quantity = ?2, note = ?3 WHERE id = ?4 AND (?5 IS NULL OR user_id = ?5)",
            (&order.item, order.quantity, &order.note, id, owner),
        )
    })?;
    let found = select(&shop, "WHERE id = ?1", [id])?;
    found.into_iter().next().filter(|_| changed > 0).map(Json).ok_or(ShopError::NotFound)
}

pub(crate) async fn remove(
    State(shop): State<Shop>,
    claims: Claims,
    Path(id): Path<i64>,
) -> Result<StatusCode, ShopError> {
    let owner = owner_of_write(scope(&shop, &claims));
    let removed = shop.database.write(|db| {
        db.execute("DELETE FROM orders WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2)", (id, owner))
    })?;
    if removed > 0 { Ok(StatusCode::NO_CONTENT) } else { Err(ShopError::NotFound) }
}

/// The owner that a write is limited to, for SQL; `None` for no limit.
fn owner_of_write(scope: Scope) -> Option<i64> {
    match scope {
        Scope::Everyone => None,
        Scope::User(user) => Some(user),
    }
}

#[derive(Deserialize)]
pub(crate) struct Batch {
    ids: String,
}

/// Several orders at once. Vulnerable: it lacks the owner check of the single read.
pub(crate) async fn batch(
    State(shop): State<Shop>,
    claims: Claims,
    Query(batch): Query<Batch>,
) -> Result<Json<Value>, ShopError> {
    let mut orders = Vec::new();
    for id in batch.ids.split(',').take(20) {
        let id: i64 = id.trim().parse().map_err(|_| ShopError::NotFound)?;
        orders.extend(find(&shop, id, scope(&shop, &claims))?);
    }
    Ok(Json(Value::Array(orders)))
}

/// An order under its user. Vulnerable: the user in the path is checked, the owner of the order is not.
pub(crate) async fn nested(
    State(shop): State<Shop>,
    claims: Claims,
    Path((user, id)): Path<(i64, i64)>,
) -> Result<Json<Value>, ShopError> {
    if user != claims.id() {
        return Err(ShopError::NotFound);
    }
    find(&shop, id, scope(&shop, &claims))?.map(Json).ok_or(ShopError::NotFound)
}

fn select(shop: &Shop, condition: &str, parameters: impl Params) -> Result<Vec<Value>, ShopError> {
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
        .map_err(ShopError::from)
}

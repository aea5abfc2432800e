//! Sessions and refresh tokens, as the database keeps them.

use rusqlite::{Connection, OptionalExtension};

use crate::randomness;
use crate::shop::{Shop, ShopError};

const MAX_SESSIONS: i64 = 10_000;

/// Begins a session. Its id and its refresh token.
pub(crate) fn begin(db: &Connection, user: i64) -> Result<(i64, String), ShopError> {
    db.execute("INSERT INTO sessions (user_id, is_ended) VALUES (?1, 0)", [user])?;
    let session = db.last_insert_rowid();
    // Whoever logs in again and again does not fill the memory.
    let oldest = session - MAX_SESSIONS;
    db.execute("DELETE FROM refresh_tokens WHERE session_id <= ?1", [oldest])?;
    db.execute("DELETE FROM sessions WHERE id <= ?1", [oldest])?;
    Ok((session, next_token(db, session)?))
}

/// Whether a session goes on.
pub(crate) fn goes_on(shop: &Shop, session: i64) -> bool {
    let sql = "SELECT 1 FROM sessions WHERE id = ?1 AND is_ended = 0";
    let found = shop.database.read(|db| db.query_row(sql, [session], |_| Ok(())).optional());
    matches!(found, Ok(Some(())))
}

/// The next refresh token of a session.
pub(crate) fn next_token(db: &Connection, session: i64) -> Result<String, ShopError> {
    let token = randomness::text().map_err(|e| ShopError::Internal(e.to_string()))?;
    db.execute(
        "INSERT INTO refresh_tokens (token, session_id, is_spent) VALUES (?1, ?2, 0)",
        (&token, session),
    )?;
    Ok(token)
}

/// Ends a session.
pub(crate) fn end(db: &Connection, session: i64) -> rusqlite::Result<()> {
    db.execute("UPDATE sessions SET is_ended = 1 WHERE id = ?1", [session]).map(drop)
}

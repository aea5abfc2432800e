//! Login: unlimited attempts, or five failures in fifteen minutes ([guide §4], [guide §8]).
//!
//! [guide §4]: https://github.com/doorward/doorward/blob/main/docs/guide.md#4-rate-limiting
//! [guide §8]: https://github.com/doorward/doorward/blob/main/docs/guide.md#8-authentication

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use parking_lot::Mutex;
use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde_json::json;

use crate::Version;
use crate::server::{Shop, ShopError};
use crate::token;

#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: String,
}

/// Failed logins by account.
#[derive(Default)]
pub(crate) struct Failures(Mutex<HashMap<String, Vec<Instant>>>);

const WINDOW: Duration = Duration::from_secs(15 * 60);
const ALLOWED: usize = 5;
/// The most accounts that are counted: names come from outside and must not fill the memory.
const MAX_ACCOUNTS: usize = 10_000;

impl Failures {
    fn are_too_many(&self, account: &str) -> bool {
        let mut failures = self.0.lock();
        let Some(times) = failures.get_mut(account) else { return false };
        times.retain(|time| time.elapsed() < WINDOW);
        times.len() >= ALLOWED
    }

    fn add(&self, account: &str) {
        let mut failures = self.0.lock();
        if failures.len() >= MAX_ACCOUNTS {
            failures.clear();
        }
        failures.entry(account.to_owned()).or_default().push(Instant::now());
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
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

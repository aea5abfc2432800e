//! The ledger as one sorted set: the score of an entry is the time at which it expires. So an entry keeps the later of two
//! expiries (`ZADD GT`), expired entries are dropped by score, and the set stays within its bound whatever the eviction
//! policy of the server is.

use std::sync::OnceLock;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError};

use crate::answer::Answer;
use crate::error::StoreError;
use crate::ledger::{Ledger, LedgerKey};
use crate::millis::{Millis, unix_millis};

/// The name of the set; one for each database of a server.
const KEY: &str = "doorward:ledger";
/// Timeout of one answer, and of one attempt to connect.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Entries written by one command, so that one large response does not hold up other callers.
const CHUNK: usize = 1000;

/// A ledger on a server. Cheap to make: it connects on first use, and again when the connection is lost.
pub struct RedisLedger {
    client: Client,
    connection: OnceLock<ConnectionManager>,
    address: String,
    max_ids: usize,
}

impl std::fmt::Debug for RedisLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisLedger({})", self.address)
    }
}

impl RedisLedger {
    /// A ledger at `redis://host:port/database`, or `rediss://` for TLS, for at most `max_ids` entries; those that
    /// expire soonest go first.
    ///
    /// # Errors
    /// If the address is invalid.
    pub fn open(url: &str, max_ids: usize) -> Result<Self, StoreError> {
        // The library's message may quote the address, and with it the password.
        let client = Client::open(url).map_err(|_| StoreError::Address("redis://host:6379"))?;
        let address = client.get_connection_info().addr().to_string();
        Ok(RedisLedger { client, connection: OnceLock::new(), address, max_ids: max_ids.max(1) })
    }

    /// The connection, which all calls share; made within the runtime of the first caller.
    fn connection(&self) -> Result<ConnectionManager, StoreError> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(10))
            .set_max_delay(Duration::from_millis(100))
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let made = ConnectionManager::new_lazy_with_config(self.client.clone(), config)
            .map_err(|e| self.unavailable(&e))?;
        Ok(self.connection.get_or_init(|| made).clone())
    }

    fn unavailable(&self, error: &RedisError) -> StoreError {
        StoreError::Unavailable(format!("redis at {}: {error}", self.address))
    }
}

impl Ledger for RedisLedger {
    fn insert(&self, entries: Vec<LedgerKey>, expires_at: Millis) -> Answer<'_, ()> {
        Answer::later(async move {
            let mut connection = self.connection()?;
            for chunk in entries.chunks(CHUNK) {
                let mut commands = redis::pipe();
                commands.atomic().cmd("ZADD").arg(KEY).arg("GT");
                for entry in chunk {
                    commands.arg(expires_at).arg(&entry.0.to_be_bytes()[..]);
                }
                // Those beyond the bound that expire soonest: the lowest scores.
                let beyond = -1 - i64::try_from(self.max_ids).unwrap_or(i64::MAX - 1);
                commands.ignore().cmd("ZREMRANGEBYRANK").arg(KEY).arg(0).arg(beyond).ignore();
                let now = unix_millis();
                commands.cmd("ZREMRANGEBYSCORE").arg(KEY).arg("-inf").arg(now).ignore();
                commands.query_async::<()>(&mut connection).await.map_err(|e| self.unavailable(&e))?;
            }
            Ok(())
        })
    }

    fn contains(&self, entry: LedgerKey, now: Millis) -> Answer<'_, bool> {
        Answer::later(async move {
            let mut connection = self.connection()?;
            let mut command = redis::cmd("ZSCORE");
            command.arg(KEY).arg(&entry.0.to_be_bytes()[..]);
            let expires_at: Option<f64> =
                command.query_async(&mut connection).await.map_err(|e| self.unavailable(&e))?;
            // Milliseconds are whole numbers far below 2^53.
            Ok(expires_at.is_some_and(|expires_at| expires_at > now as f64))
        })
    }
}

//! The ledger in a table.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::{Client, Statement};

use crate::answer::Answer;
use crate::error::StoreError;
use crate::ledger::{Ledger, LedgerKey};
use crate::millis::{Millis, unix_millis};
use crate::postgres::server::{Server, TIMEOUT};
use crate::postgres::values::bigint;

/// Applied on every connection; the lock keeps two gateways that connect at once from doing so at once.
const SCHEMA: &str = "SELECT pg_advisory_xact_lock(7233174180);
    CREATE TABLE IF NOT EXISTS doorward_ledger (entry bytea PRIMARY KEY, until bigint NOT NULL);
    CREATE INDEX IF NOT EXISTS doorward_ledger_until ON doorward_ledger (until);";

/// In one order everywhere, so that two gateways that write the same entries do not deadlock.
const INSERT: &str = "INSERT INTO doorward_ledger (entry, until)
    SELECT DISTINCT entry, $2::bigint FROM unnest($1::bytea[]) AS entry ORDER BY entry
    ON CONFLICT (entry) DO UPDATE SET until = GREATEST(doorward_ledger.until, EXCLUDED.until)";

const CONTAINS: &str = "SELECT 1 FROM doorward_ledger WHERE entry = $1 AND until > $2";

const DROP_EXPIRED: &str = "DELETE FROM doorward_ledger WHERE until <= $1";

/// Drops those that expire soonest, beyond so many. Rows that another gateway is dropping are left to it.
const DROP_EXCESS: &str = "DELETE FROM doorward_ledger WHERE entry IN (
    SELECT entry FROM doorward_ledger ORDER BY until
    LIMIT GREATEST((SELECT count(*) FROM doorward_ledger) - $1::bigint, 0) FOR UPDATE SKIP LOCKED)";

/// A ledger in a table of a database. Cheap to make: it connects on first use, and again when the connection is lost.
/// One connection carries many queries at once.
pub struct PostgresLedger {
    server: Server,
    session: Mutex<Option<Arc<Session>>>,
    max_ids: usize,
    /// Entries written since room was last made.
    written: AtomicUsize,
}

struct Session {
    client: Client,
    insert: Statement,
    contains: Statement,
}

impl std::fmt::Debug for PostgresLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresLedger({})", self.server.address())
    }
}

impl PostgresLedger {
    /// A ledger at `postgres://user@host/database`, for about `max_ids` entries; those that expire soonest go
    /// first.
    /// `sslmode=require` asks for TLS with a certificate that this machine trusts.
    ///
    /// # Errors
    /// If the address is invalid.
    pub fn open(url: &str, max_ids: usize) -> Result<Self, StoreError> {
        Ok(PostgresLedger {
            server: Server::parse(url)?,
            session: Mutex::new(None),
            max_ids: max_ids.max(1),
            written: AtomicUsize::new(usize::MAX / 2),
        })
    }

    /// The connection, made anew if there is none.
    async fn session(&self) -> Result<Arc<Session>, StoreError> {
        let mut kept = self.session.lock().await;
        if let Some(session) = kept.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let session = timeout(TIMEOUT, self.connect())
            .await
            .map_err(|_| self.server.unavailable("does not answer"))?
            .map_err(|e| self.server.failed(&e))?;
        Ok(Arc::clone(kept.insert(Arc::new(session))))
    }

    async fn connect(&self) -> Result<Session, tokio_postgres::Error> {
        let client = self.server.connect().await?;
        client.batch_execute(SCHEMA).await?;
        let insert = client.prepare(INSERT).await?;
        let contains = client.prepare(CONTAINS).await?;
        Ok(Session { client, insert, contains })
    }

    async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        match timeout(TIMEOUT, answer).await {
            Ok(answer) => answer.map_err(|e| self.server.failed(&e)),
            Err(_) => {
                // A connection that hangs is of no use to the next caller.
                *self.session.lock().await = None;
                Err(self.server.unavailable("does not answer"))
            }
        }
    }

    /// Drops expired and excess entries, each time that a hundredth of the bound has been written.
    async fn make_room(&self, session: &Session, new: usize) -> Result<(), StoreError> {
        let step = (self.max_ids / 100).max(1);
        if self.written.fetch_add(new, Ordering::Relaxed).saturating_add(new) < step {
            return Ok(());
        }
        self.written.store(0, Ordering::Relaxed);
        let now = bigint(unix_millis());
        self.within(session.client.execute(DROP_EXPIRED, &[&now])).await?;
        let most = i64::try_from(self.max_ids).unwrap_or(i64::MAX);
        self.within(session.client.execute(DROP_EXCESS, &[&most])).await?;
        Ok(())
    }
}

impl Ledger for PostgresLedger {
    fn insert(&self, entries: Vec<LedgerKey>, expires_at: Millis) -> Answer<'_, ()> {
        Answer::later(async move {
            let session = self.session().await?;
            let new = entries.len();
            let entries: Vec<Vec<u8>> = entries.iter().map(|entry| entry.0.to_be_bytes().to_vec()).collect();
            let expires_at = bigint(expires_at);
            self.within(session.client.execute(&session.insert, &[&entries, &expires_at])).await?;
            self.make_room(&session, new).await
        })
    }

    fn contains(&self, entry: LedgerKey, now: Millis) -> Answer<'_, bool> {
        Answer::later(async move {
            let session = self.session().await?;
            let (entry, now) = (entry.0.to_be_bytes().to_vec(), bigint(now));
            let row = self.within(session.client.query_opt(&session.contains, &[&entry, &now])).await?;
            Ok(row.is_some())
        })
    }
}

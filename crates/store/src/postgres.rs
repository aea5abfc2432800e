//! State in PostgreSQL, shared by gateways.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::ledger::{Ledger, LedgerKey};
use crate::{Millis, StoreError};

/// How long one answer may take, and one attempt to connect.
const PATIENCE: Duration = Duration::from_secs(2);

/// Made at the first connection; two gateways that come at once must not stand in each other's way.
const SCHEMA: &str = "SELECT pg_advisory_xact_lock(7233174180);
    CREATE TABLE IF NOT EXISTS doorward_ledger (entry bytea PRIMARY KEY, until bigint NOT NULL);
    CREATE INDEX IF NOT EXISTS doorward_ledger_until ON doorward_ledger (until);";

// In one order everywhere, so that two gateways that write the same entries do not wait for each other in a circle.
const REMEMBER: &str = "INSERT INTO doorward_ledger (entry, until)
    SELECT DISTINCT entry, $2::bigint FROM unnest($1::bytea[]) AS entry ORDER BY entry
    ON CONFLICT (entry) DO UPDATE SET until = GREATEST(doorward_ledger.until, EXCLUDED.until)";

const KNOWS: &str = "SELECT 1 FROM doorward_ledger WHERE entry = $1 AND until > $2";

const DROP_ENDED: &str = "DELETE FROM doorward_ledger WHERE until <= $1";

/// Those that end soonest, beyond so many. Rows that another gateway is dropping are left to it.
const DROP_EXCESS: &str = "DELETE FROM doorward_ledger WHERE entry IN (
    SELECT entry FROM doorward_ledger ORDER BY until
    LIMIT GREATEST((SELECT count(*) FROM doorward_ledger) - $1::bigint, 0) FOR UPDATE SKIP LOCKED)";

/// A ledger in a table of a database. Cheap to make: it connects when it is asked first, and again when the
/// connection is lost. One connection carries many questions at once.
pub struct PostgresLedger {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    session: Mutex<Option<Arc<Session>>>,
    max_ids: usize,
    /// Entries written since there was last made room.
    written: AtomicUsize,
}

struct Session {
    client: Client,
    remember: Statement,
    knows: Statement,
}

impl std::fmt::Debug for PostgresLedger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresLedger({})", self.address())
    }
}

impl PostgresLedger {
    /// A ledger at `postgres://user@host/database`, for about `max_ids` entries; those that end soonest go first.
    /// `sslmode=require` asks for TLS with a certificate that this machine trusts.
    ///
    /// # Errors
    /// When the address is none.
    pub fn open(url: &str, max_ids: usize) -> Result<Self, StoreError> {
        // Its own words may quote the address, and with it the password.
        let mut config =
            Config::from_str(url).map_err(|_| StoreError::Address("postgres://user@host/database"))?;
        config.connect_timeout(PATIENCE).application_name("doorward");
        let tls = (config.get_ssl_mode() != SslMode::Disable).then(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            MakeRustlsConnect::new(
                ClientConfig::builder().with_root_certificates(roots).with_no_client_auth(),
            )
        });
        Ok(PostgresLedger {
            config,
            tls,
            session: Mutex::new(None),
            max_ids: max_ids.max(1),
            written: AtomicUsize::new(usize::MAX / 2),
        })
    }

    fn address(&self) -> String {
        let host = self.config.get_hosts().first().map_or("localhost".into(), |host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        format!("{host}/{}", self.config.get_dbname().unwrap_or(""))
    }

    fn unavailable(&self, why: impl std::fmt::Display) -> StoreError {
        StoreError::Unavailable(format!("postgres at {}: {why}", self.address()))
    }

    /// The connection, made anew when there is none.
    async fn session(&self) -> Result<Arc<Session>, StoreError> {
        let mut kept = self.session.lock().await;
        if let Some(session) = kept.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let session = timeout(PATIENCE, self.connect())
            .await
            .map_err(|_| self.unavailable("does not answer"))?
            .map_err(|e| self.failed(&e))?;
        Ok(Arc::clone(kept.insert(Arc::new(session))))
    }

    async fn connect(&self) -> Result<Session, tokio_postgres::Error> {
        let client = match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                client
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(connection);
                client
            }
        };
        client.batch_execute(SCHEMA).await?;
        let remember = client.prepare(REMEMBER).await?;
        let knows = client.prepare(KNOWS).await?;
        Ok(Session { client, remember, knows })
    }

    fn failed(&self, error: &tokio_postgres::Error) -> StoreError {
        match error.as_db_error() {
            Some(error) => self.unavailable(error.message()),
            None => self.unavailable(error),
        }
    }

    async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        match timeout(PATIENCE, answer).await {
            Ok(answer) => answer.map_err(|e| self.failed(&e)),
            Err(_) => {
                // A connection that hangs is of no use to whoever comes next.
                *self.session.lock().await = None;
                Err(self.unavailable("does not answer"))
            }
        }
    }

    /// Drops what has ended, and what is too much, once in a hundredth of what may be kept.
    async fn make_room(&self, session: &Session, new: usize) -> Result<(), StoreError> {
        let step = (self.max_ids / 100).max(1);
        if self.written.fetch_add(new, Ordering::Relaxed).saturating_add(new) < step {
            return Ok(());
        }
        self.written.store(0, Ordering::Relaxed);
        let now = crate::unix_millis() as i64;
        self.within(session.client.execute(DROP_ENDED, &[&now])).await?;
        let most = i64::try_from(self.max_ids).unwrap_or(i64::MAX);
        self.within(session.client.execute(DROP_EXCESS, &[&most])).await?;
        Ok(())
    }
}

impl Ledger for PostgresLedger {
    async fn remember(&self, entries: Vec<LedgerKey>, until: Millis) -> Result<(), StoreError> {
        let session = self.session().await?;
        let new = entries.len();
        let entries: Vec<Vec<u8>> = entries.iter().map(|entry| entry.0.to_be_bytes().to_vec()).collect();
        let until = i64::try_from(until).unwrap_or(i64::MAX);
        self.within(session.client.execute(&session.remember, &[&entries, &until])).await?;
        self.make_room(&session, new).await
    }

    async fn knows(&self, entry: LedgerKey, now: Millis) -> Result<bool, StoreError> {
        let session = self.session().await?;
        let (entry, now) = (entry.0.to_be_bytes().to_vec(), i64::try_from(now).unwrap_or(i64::MAX));
        let row = self.within(session.client.query_opt(&session.knows, &[&entry, &now])).await?;
        Ok(row.is_some())
    }
}

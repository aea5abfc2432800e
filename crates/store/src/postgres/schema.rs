//! The tables of records, which version they are, and how older ones become new.

use tokio_postgres::{Client, GenericClient};

use crate::error::StoreError;
use crate::postgres::server::Server;

/// What makes each format of the one before it; a table keeps how many were applied.
const MIGRATIONS: [&str; 1] = [r#"CREATE TABLE doorward_records (
         kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, version bigint NOT NULL,
         owner text COLLATE "C", expires_at bigint, changed_at bigint NOT NULL, value text NOT NULL,
         PRIMARY KEY (kind, id));
     CREATE INDEX doorward_records_owner ON doorward_records (kind, owner, id) WHERE owner IS NOT NULL;
     CREATE INDEX doorward_records_expiry ON doorward_records (expires_at) WHERE expires_at IS NOT NULL;
     CREATE INDEX doorward_records_changed ON doorward_records (kind, changed_at);"#];

/// A statement that waits is ended before its caller stops waiting, and so is a transaction whose gateway is gone. A commit
/// is on disk when it is answered, whatever is usual for this database.
const SETTINGS: &str = "SET statement_timeout = '4s'; SET idle_in_transaction_session_timeout = '10s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';";

/// Two gateways that start at once do not make the tables at once.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7233174181); SET LOCAL statement_timeout = 0;
    CREATE TABLE IF NOT EXISTS doorward_records_format (format bigint NOT NULL);";

/// Makes a new connection ready for records: its settings, and tables of this program's format.
pub(super) async fn prepare(client: &mut Client, server: &Server) -> Result<(), StoreError> {
    let failed = |error: tokio_postgres::Error| server.failed(&error);
    client.batch_execute(SETTINGS).await.map_err(failed)?;
    let row = client.query_one("SELECT current_setting('server_encoding')", &[]).await.map_err(failed)?;
    let encoding: String = row.try_get(0).map_err(failed)?;
    if encoding != "UTF8" {
        let help = "make a database with ENCODING 'UTF8' TEMPLATE template0 for this program";
        return Err(server.unusable(format!("its encoding is {encoding}; {help}")));
    }
    // Asked first, so that a user who may not make tables can use those that are there.
    if migrations_left(client, server).await?.is_empty() {
        return Ok(());
    }
    let transaction = client.transaction().await.map_err(failed)?;
    transaction.batch_execute(LOCK).await.map_err(failed)?;
    for migration in migrations_left(&transaction, server).await? {
        transaction.batch_execute(migration).await.map_err(failed)?;
    }
    let format = MIGRATIONS.len();
    let keep =
        format!("DELETE FROM doorward_records_format; INSERT INTO doorward_records_format VALUES ({format})");
    transaction.batch_execute(&keep).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

/// Migrations that a database lacks.
async fn migrations_left(
    client: &impl GenericClient,
    server: &Server,
) -> Result<&'static [&'static str], StoreError> {
    let failed = |error: tokio_postgres::Error| server.failed(&error);
    let there = "SELECT to_regclass('doorward_records_format') IS NOT NULL";
    let format = if client.query_one(there, &[]).await.and_then(|row| row.try_get(0)).map_err(failed)? {
        let read = "SELECT COALESCE(MAX(format), 0) FROM doorward_records_format";
        client.query_one(read, &[]).await.and_then(|row| row.try_get::<_, i64>(0)).map_err(failed)?
    } else {
        0
    };
    usize::try_from(format).ok().and_then(|format| MIGRATIONS.get(format..)).ok_or_else(|| {
        let mine = MIGRATIONS.len();
        server.unusable(format!(
            "its tables have format {format}, and this program reads formats up to {mine}; run the newer program that \
             wrote them, or restore a backup from before"
        ))
    })
}

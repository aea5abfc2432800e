//! The format of a file of records: whose it is, which version, and how older ones become new.

use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, ErrorCode};

use crate::error::StoreError;
use crate::sqlite::fault;
use crate::sqlite::file;

/// Marks the files of this program: `Door`, as SQLite's `application_id`.
const APPLICATION: i32 = 0x446f_6f72;

/// What makes each format of the one before it; a file's `user_version` counts those that were applied.
const MIGRATIONS: [&str; 1] = ["CREATE TABLE records (
         kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, owner TEXT, expires_at INTEGER,
         changed_at INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT;
     CREATE INDEX records_owner ON records (kind, owner, id) WHERE owner IS NOT NULL;
     CREATE INDEX records_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
     CREATE INDEX records_changed ON records (kind, changed_at);"];

/// The format that they make.
const FORMAT: isize = MIGRATIONS.len().cast_signed();

/// Opens a file of records, makes it if there is none, and brings it to this program's format. One that is not to be used
/// is left as it is.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let explain = |error: rusqlite::Error| fault::explain(path, &error);
    file::create_private(path);
    let connection = file::connect(path).map_err(explain)?;
    migrations_left(&connection, path)?;
    file::narrow(path);
    write_ahead(&connection).map_err(explain)?;
    // A commit is on disk when it is answered.
    connection.pragma_update(None, "synchronous", "FULL").map_err(explain)?;
    connection.execute_batch("BEGIN IMMEDIATE").map_err(explain)?;
    // Read again: another program may have been first.
    let left = migrations_left(&connection, path)?;
    for migration in left {
        connection.execute_batch(migration).map_err(explain)?;
    }
    if !left.is_empty() {
        connection.pragma_update(None, "application_id", APPLICATION).map_err(explain)?;
        connection.pragma_update(None, "user_version", FORMAT).map_err(explain)?;
    }
    connection.execute_batch("COMMIT").map_err(explain)?;
    Ok(connection)
}

/// Migrations that a file lacks.
fn migrations_left(connection: &Connection, path: &Path) -> Result<&'static [&'static str], StoreError> {
    let read = |of: &str| connection.query_row(of, [], |row| row.get::<_, i64>(0));
    let explain = |error: rusqlite::Error| fault::explain(path, &error);
    let application = read("PRAGMA application_id").map_err(explain)?;
    let format = read("PRAGMA user_version").map_err(explain)?;
    let tables = read("SELECT COUNT(*) FROM sqlite_schema").map_err(explain)?;
    let at = path.display();
    if application != i64::from(APPLICATION) && (application, format, tables) != (0, 0, 0) {
        return Err(StoreError::Unusable(format!(
            "{at} is a database of something else; name a file of its own for users and sessions"
        )));
    }
    usize::try_from(format).ok().and_then(|format| MIGRATIONS.get(format..)).ok_or_else(|| {
        StoreError::Unusable(format!(
            "{at} has format {format}, and this program reads formats up to {FORMAT}; run the newer program that wrote \
             it, or restore a backup from before"
        ))
    })
}

/// Switches to a write-ahead log. SQLite does not wait here while another program does the same.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        let switched = connection.pragma_update(None, "journal_mode", "WAL");
        match switched {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < file::BUSY =>
            {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            switched => return switched,
        }
    }
}

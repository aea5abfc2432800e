//! The ledger in a file.

use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use rusqlite::{Connection, OptionalExtension, params};

use crate::answer::Answer;
use crate::error::StoreError;
use crate::ledger::{Ledger, LedgerKey};
use crate::millis::{Millis, unix_millis};
use crate::sqlite::file;
use crate::sqlite::queue::{Queue, Reply};
use crate::sqlite::values::integer;

/// A ledger in a file.
#[derive(Debug)]
pub struct SqliteLedger {
    queries: Queue<Query>,
}

enum Query {
    Insert(Vec<LedgerKey>, Millis, Reply<()>),
    Contains(LedgerKey, Millis, Reply<bool>),
}

/// Queries of one transaction, so that many writes cost one flush.
const BATCH: usize = 256;

impl SqliteLedger {
    /// Opens or makes the file, for at most about `max_ids` entries; those that expire soonest go first.
    ///
    /// # Errors
    /// If the file is not a ledger, or cannot be written.
    pub fn open(path: &Path, max_ids: usize) -> Result<Self, StoreError> {
        let table = Table::open(path, max_ids).map_err(|e| unavailable(path, &e))?;
        Ok(SqliteLedger { queries: Queue::serve("doorward-ledger", path, move |queue| table.serve(queue))? })
    }
}

impl Ledger for SqliteLedger {
    fn insert(&self, entries: Vec<LedgerKey>, expires_at: Millis) -> Answer<'_, ()> {
        self.queries.ask(|reply| Query::Insert(entries, expires_at, reply))
    }

    fn contains(&self, entry: LedgerKey, now: Millis) -> Answer<'_, bool> {
        self.queries.ask(|reply| Query::Contains(entry, now, reply))
    }
}

struct Table {
    connection: Connection,
    path: PathBuf,
    entries: usize,
    max_ids: usize,
}

impl Table {
    fn open(path: &Path, max_ids: usize) -> rusqlite::Result<Self> {
        file::create_private(path);
        file::narrow(path);
        let connection = file::connect(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS ledger (entry BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS ledger_until ON ledger (until);",
        )?;
        let entries = count(&connection)?;
        Ok(Table { connection, path: path.to_owned(), entries, max_ids: max_ids.max(1) })
    }

    /// Serves until every sender is gone.
    fn serve(mut self, queue: &Receiver<Query>) {
        while let Ok(first) = queue.recv() {
            let batch: Vec<Query> = std::iter::once(first).chain(queue.try_iter().take(BATCH - 1)).collect();
            let mut written = Vec::new();
            let begun = self.connection.execute_batch("BEGIN");
            for query in batch {
                match query {
                    Query::Contains(entry, now, reply) => {
                        let found = self.contains(entry, now).map_err(|e| unavailable(&self.path, &e));
                        let _ = reply.send(found);
                    }
                    Query::Insert(entries, expires_at, reply) => {
                        let done = entries.iter().try_for_each(|entry| self.insert(*entry, expires_at));
                        written.push((reply, done));
                    }
                }
            }
            let kept =
                begun.and_then(|()| self.make_room()).and_then(|()| self.connection.execute_batch("COMMIT"));
            if kept.is_err() {
                // Nothing of a failed transaction stays; if the rollback fails too, the next transaction reports it.
                let _ = self.connection.execute_batch("ROLLBACK");
                self.entries = count(&self.connection).unwrap_or(self.entries);
            }
            for (reply, done) in written {
                let outcome = match (done, &kept) {
                    (Ok(()), Ok(())) => Ok(()),
                    (Err(e), _) => Err(unavailable(&self.path, &e)),
                    (_, Err(e)) => Err(unavailable(&self.path, e)),
                };
                // The caller may be gone.
                let _ = reply.send(outcome);
            }
        }
    }

    fn contains(&self, entry: LedgerKey, now: Millis) -> rusqlite::Result<bool> {
        let mut statement = self.connection.prepare_cached("SELECT until FROM ledger WHERE entry = ?1")?;
        let expires_at =
            statement.query_row([entry.0.to_be_bytes()], |row| row.get::<_, i64>(0)).optional()?;
        Ok(expires_at.is_some_and(|expires_at| expires_at > integer(now)))
    }

    fn insert(&mut self, entry: LedgerKey, expires_at: Millis) -> rusqlite::Result<()> {
        let (entry, expires_at) = (entry.0.to_be_bytes(), integer(expires_at));
        let update = "UPDATE ledger SET until = MAX(until, ?2) WHERE entry = ?1";
        if self.connection.prepare_cached(update)?.execute(params![entry, expires_at])? == 0 {
            let insert = "INSERT INTO ledger (entry, until) VALUES (?1, ?2)";
            self.connection.prepare_cached(insert)?.execute(params![entry, expires_at])?;
            self.entries += 1;
        }
        Ok(())
    }

    /// Drops expired entries; if that is not enough, those that expire soonest, a tenth at a time.
    fn make_room(&mut self) -> rusqlite::Result<()> {
        if self.entries <= self.max_ids {
            return Ok(());
        }
        let now = integer(unix_millis());
        let expired = self.connection.execute("DELETE FROM ledger WHERE until <= ?1", [now])?;
        self.entries = self.entries.saturating_sub(expired);
        if self.entries > self.max_ids {
            let excess = self.entries - self.max_ids + self.max_ids / 10;
            let soonest =
                "DELETE FROM ledger WHERE entry IN (SELECT entry FROM ledger ORDER BY until LIMIT ?1)";
            let dropped = self.connection.execute(soonest, [i64::try_from(excess).unwrap_or(i64::MAX)])?;
            self.entries = self.entries.saturating_sub(dropped);
        }
        Ok(())
    }
}

fn count(connection: &Connection) -> rusqlite::Result<usize> {
    let count = connection.query_row("SELECT COUNT(*) FROM ledger", [], |row| row.get::<_, i64>(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

fn unavailable(path: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}

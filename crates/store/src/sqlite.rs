//! State in a SQLite file: one thread owns the connection, everybody else asks it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::oneshot;

use crate::ledger::{Ledger, LedgerKey};
use crate::{Millis, StoreError};

/// A ledger in a file.
#[derive(Debug)]
pub struct SqliteLedger {
    ask: Sender<Ask>,
    path: PathBuf,
}

enum Ask {
    Remember(Vec<LedgerKey>, Millis, Reply<()>),
    Knows(LedgerKey, Millis, Reply<bool>),
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Questions that are answered in one transaction, so that many writes cost one flush.
const BATCH: usize = 256;

impl SqliteLedger {
    /// Opens or makes the file, for at most about `max_ids` entries; those that end soonest go first.
    ///
    /// # Errors
    /// When the file is no ledger, or cannot be written.
    pub fn open(path: &Path, max_ids: usize) -> Result<Self, StoreError> {
        let table = Table::open(path, max_ids).map_err(|e| unavailable(path, &e))?;
        let (ask, asked) = channel();
        std::thread::Builder::new()
            .name("doorward-ledger".into())
            .spawn(move || table.serve(&asked))
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        Ok(SqliteLedger { ask, path: path.to_owned() })
    }

    async fn answer<T>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> Result<T, StoreError> {
        let gone = || StoreError::Unavailable(format!("{}: its thread has ended", self.path.display()));
        let (reply, answer) = oneshot::channel();
        self.ask.send(ask(reply)).map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Ledger for SqliteLedger {
    async fn remember(&self, entries: Vec<LedgerKey>, until: Millis) -> Result<(), StoreError> {
        self.answer(|reply| Ask::Remember(entries, until, reply)).await
    }

    async fn knows(&self, entry: LedgerKey, now: Millis) -> Result<bool, StoreError> {
        self.answer(|reply| Ask::Knows(entry, now, reply)).await
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
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS ledger (entry BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS ledger_until ON ledger (until);",
        )?;
        let entries = connection.query_row("SELECT COUNT(*) FROM ledger", [], |row| row.get::<_, i64>(0))?;
        let entries = usize::try_from(entries).unwrap_or(0);
        Ok(Table { connection, path: path.to_owned(), entries, max_ids: max_ids.max(1) })
    }

    /// Answers until nobody can ask any more.
    fn serve(mut self, asked: &Receiver<Ask>) {
        while let Ok(first) = asked.recv() {
            let batch: Vec<Ask> = std::iter::once(first).chain(asked.try_iter().take(BATCH - 1)).collect();
            let mut written = Vec::new();
            let begun = self.connection.execute_batch("BEGIN");
            for ask in batch {
                match ask {
                    Ask::Knows(entry, now, reply) => {
                        let _ = reply.send(self.knows(entry, now).map_err(|e| unavailable(&self.path, &e)));
                    }
                    Ask::Remember(entries, until, reply) => {
                        let done = entries.iter().try_for_each(|entry| self.remember(*entry, until));
                        written.push((reply, done));
                    }
                }
            }
            let kept =
                begun.and_then(|()| self.make_room()).and_then(|()| self.connection.execute_batch("COMMIT"));
            if kept.is_err() {
                // Nothing of a transaction that failed stays; if even that fails, the next one says so.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            for (reply, done) in written {
                let outcome = match (done, &kept) {
                    (Ok(()), Ok(())) => Ok(()),
                    (Err(e), _) => Err(unavailable(&self.path, &e)),
                    (_, Err(e)) => Err(unavailable(&self.path, e)),
                };
                // Whoever asked may have left.
                let _ = reply.send(outcome);
            }
        }
    }

    fn knows(&self, entry: LedgerKey, now: Millis) -> rusqlite::Result<bool> {
        let mut statement = self.connection.prepare_cached("SELECT until FROM ledger WHERE entry = ?1")?;
        let until = statement.query_row([entry.0.to_be_bytes()], |row| row.get::<_, i64>(0)).optional()?;
        Ok(until.is_some_and(|until| until > now as i64))
    }

    fn remember(&mut self, entry: LedgerKey, until: Millis) -> rusqlite::Result<()> {
        let entry = entry.0.to_be_bytes();
        let update = "UPDATE ledger SET until = MAX(until, ?2) WHERE entry = ?1";
        if self.connection.prepare_cached(update)?.execute(params![entry, until as i64])? == 0 {
            let insert = "INSERT INTO ledger (entry, until) VALUES (?1, ?2)";
            self.connection.prepare_cached(insert)?.execute(params![entry, until as i64])?;
            self.entries += 1;
        }
        Ok(())
    }

    /// Drops what has ended; when that is not enough, what ends soonest, a tenth at a time.
    fn make_room(&mut self) -> rusqlite::Result<()> {
        if self.entries <= self.max_ids {
            return Ok(());
        }
        let now = crate::unix_millis() as i64;
        self.entries -= self.connection.execute("DELETE FROM ledger WHERE until <= ?1", [now])?;
        if self.entries > self.max_ids {
            let excess = self.entries - self.max_ids + self.max_ids / 10;
            let soonest =
                "DELETE FROM ledger WHERE entry IN (SELECT entry FROM ledger ORDER BY until LIMIT ?1)";
            self.entries -= self.connection.execute(soonest, [excess as i64])?;
        }
        Ok(())
    }
}

fn unavailable(path: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}

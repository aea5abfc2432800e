//! Writes records: many commits in one transaction, so that they share one flush to disk.

use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;
use crate::millis::{Millis, unix_millis};
use crate::records::{Change, Committed, Write};
use crate::sqlite::fault;
use crate::sqlite::file::FileId;
use crate::sqlite::queue::Reply;
use crate::sqlite::values::{integer, number};

/// What is to be written.
pub(super) enum Order {
    Commit(Vec<Write>, Millis, Reply<Committed>),
    DeleteExpired(usize, Millis, Reply<usize>),
}

/// Orders of one transaction.
const BATCH: usize = 256;

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// Which file that was.
    pub(super) file: FileId,
}

impl Writer {
    /// Serves until every sender is gone.
    pub(super) fn serve(mut self, queue: &Receiver<Order>) {
        while let Ok(first) = queue.recv() {
            self.write(std::iter::once(first).chain(queue.try_iter().take(BATCH - 1)));
        }
    }

    /// Writes what is ordered in one transaction, and answers when that is on disk.
    fn write(&mut self, orders: impl Iterator<Item = Order>) {
        // Other programs write to the file too: what is read in a transaction stays so until its end.
        let mut so_far = self.is_there().and_then(|()| self.run("BEGIN IMMEDIATE"));
        // Read behind the lock, so that a commit is dated shortly before it is seen.
        let clock = unix_millis();
        let (mut commits, mut deletions) = (Vec::new(), Vec::new());
        for order in orders {
            match order {
                Order::Commit(writes, now, reply) => {
                    let work = |connection: &Connection| commit(connection, &writes, now, clock);
                    let done = self.all_or_nothing(&mut so_far, work);
                    commits.push((
                        reply,
                        done.map(|done| done.map_or(Committed::Conflict, |()| Committed::Done)),
                    ));
                }
                Order::DeleteExpired(limit, now, reply) => {
                    let work = |connection: &Connection| delete_expired(connection, limit, now).map(Some);
                    let done = self.all_or_nothing(&mut so_far, work);
                    deletions.push((reply, done.map(Option::unwrap_or_default)));
                }
            }
        }
        let kept = so_far.and_then(|()| self.run("COMMIT"));
        if kept.is_err() && !self.connection.is_autocommit() {
            // Nothing of a failed transaction stays; if the rollback fails too, the next transaction reports it.
            let _ = self.run("ROLLBACK");
        }
        for (reply, done) in commits {
            // The caller may be gone.
            let _ = reply.send(kept.clone().and(done));
        }
        let is_kept_in_order = !deletions.is_empty();
        for (reply, done) in deletions {
            let _ = reply.send(kept.clone().and(done));
        }
        if is_kept_in_order {
            // From time to time, so that the file has nearly all that the log beside it has. It waits for nobody.
            let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }

    /// Does a part of the transaction. What it has written is undone when it fails, or comes to nothing.
    fn all_or_nothing<T>(
        &self,
        so_far: &mut Result<(), StoreError>,
        work: impl FnOnce(&Connection) -> rusqlite::Result<Option<T>>,
    ) -> Result<Option<T>, StoreError> {
        so_far.clone()?;
        let done = self.run("SAVEPOINT one").and_then(|()| {
            let done = work(&self.connection).map_err(|e| fault::explain(&self.path, &e));
            let keep = matches!(done, Ok(Some(_)));
            if !self.connection.is_autocommit() {
                self.run(if keep { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" })?;
            }
            done
        });
        if let Err(error) = &done
            && self.connection.is_autocommit()
        {
            // The database gave up the whole transaction, as it does when the disk is full.
            *so_far = Err(error.clone());
        }
        done
    }

    /// Whether what is written is found again: a file that was deleted or replaced takes it, and is gone with this program.
    fn is_there(&self) -> Result<(), StoreError> {
        if FileId::of(&self.path) == self.file {
            return Ok(());
        }
        let at = self.path.display();
        Err(StoreError::Unavailable(format!(
            "{at} was deleted or replaced while it was open; restart, to go on with what is there now"
        )))
    }

    fn run(&self, statements: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(statements).map_err(|e| fault::explain(&self.path, &e))
    }
}

/// Writes all changes; `None` if something is not as expected.
fn commit(
    connection: &Connection,
    writes: &[Write],
    now: Millis,
    clock: Millis,
) -> rusqlite::Result<Option<()>> {
    for Write { kind, id, expected, change } in writes {
        let find = "SELECT version FROM records
            WHERE kind = ?1 AND id = ?2 AND (expires_at IS NULL OR expires_at > ?3)";
        let version = connection
            .prepare_cached(find)?
            .query_row(params![kind, id, integer(now)], |row| number(row, 0))
            .optional()?;
        if !expected.is_met(version) {
            return Ok(None);
        }
        match change {
            Change::Put { owner, expires_at, value } => {
                let put = "INSERT INTO records (kind, id, version, owner, expires_at, changed_at, value)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                    ON CONFLICT (kind, id) DO UPDATE SET version = ?3, owner = ?4, expires_at = ?5,
                    changed_at = ?6, value = ?7";
                let version = integer(version.unwrap_or(0).saturating_add(1));
                let (expires_at, clock) = (expires_at.map(integer), integer(clock));
                let row = params![kind, id, version, owner, expires_at, clock, value];
                connection.prepare_cached(put)?.execute(row)?;
            }
            Change::Delete => {
                let delete = "DELETE FROM records WHERE kind = ?1 AND id = ?2";
                connection.prepare_cached(delete)?.execute(params![kind, id])?;
            }
        }
    }
    Ok(Some(()))
}

fn delete_expired(connection: &Connection, limit: usize, now: Millis) -> rusqlite::Result<usize> {
    let delete = "DELETE FROM records WHERE rowid IN
        (SELECT rowid FROM records WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.prepare_cached(delete)?.execute(params![integer(now), limit])
}

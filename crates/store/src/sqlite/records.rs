//! Records in a file.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::answer::Answer;
use crate::error::StoreError;
use crate::millis::{Millis, unix_millis};
use crate::records::bounds::{check_after, check_id, check_kind, check_writes};
use crate::records::{Committed, Kind, Record, Records, Write};
use crate::sqlite::fault;
use crate::sqlite::file::{self, FileId};
use crate::sqlite::format;
use crate::sqlite::queue::Queue;
use crate::sqlite::values::{integer, number};
use crate::sqlite::writer::{Order, Writer};

/// Records in a file, which several programs on one machine may share. Reads do not wait for writes, and find all that was
/// answered before.
#[derive(Debug)]
pub struct SqliteRecords {
    orders: Queue<Order>,
    reads: Queue<Read>,
    path: std::path::PathBuf,
}

/// Reads with a connection of its own, and answers.
type Read = Box<dyn FnOnce(&Connection) + Send>;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, owner, expires_at, changed_at, value FROM records WHERE kind = ?1
             AND (expires_at IS NULL OR expires_at > ?2) AND ",
            $rest
        )
    };
}

impl SqliteRecords {
    /// Opens or makes the file, for its owner alone, and brings it to this program's format.
    ///
    /// # Errors
    /// If it cannot be written, is damaged, is a database of another program, or was written by a newer version of this
    /// one. The message names the file and the mend.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let explain = |error: rusqlite::Error| fault::explain(path, &error);
        let connection = format::open(path)?;
        let writer = Writer { connection, path: path.to_owned(), file: FileId::of(path) };
        let reader = file::connect(path).map_err(explain)?;
        reader.pragma_update(None, "query_only", true).map_err(explain)?;
        Ok(SqliteRecords {
            orders: Queue::serve("doorward-records", path, move |queue| writer.serve(queue))?,
            reads: Queue::serve("doorward-reads", path, move |queue| {
                queue.iter().for_each(|read: Read| read(&reader));
            })?,
            path: path.to_owned(),
        })
    }

    /// Writes a copy of all that is there now to a new file, for its owner alone; others go on writing meanwhile.
    ///
    /// # Errors
    /// If there is such a file, or it cannot be written.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let failed = |why: String| StoreError::Unavailable(format!("{}: {why}", to.display()));
        let name = to.to_str().ok_or_else(|| failed("name the backup in UTF-8".into()))?;
        let copy = file::create_new(to).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                failed("there is such a file; name a new one for the backup".into())
            }
            _ => failed(format!("{error}; name a file in a directory that can be written")),
        })?;
        let written =
            file::connect(&self.path).and_then(|connection| connection.execute("VACUUM INTO ?1", [name]));
        let written = written
            .map_err(|error| fault::explain(&self.path, &error))
            .and_then(|_| copy.sync_all().map_err(|error| failed(error.to_string())));
        if written.is_err() {
            // It was made here, and is not a backup.
            let _ = std::fs::remove_file(to);
        }
        written
    }

    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<'_, T> {
        let path = self.path.clone();
        self.reads.ask(move |reply| {
            Box::new(move |connection| {
                // The caller may be gone.
                let _ = reply.send(read(connection).map_err(|error| fault::explain(&path, &error)));
            })
        })
    }
}

impl Records for SqliteRecords {
    fn get(&self, kind: Kind, id: &str, now: Millis) -> Answer<'_, Option<Record>> {
        let id = id.to_owned();
        Answer::later(async move {
            check_kind(kind).and_then(|()| check_id(&id))?;
            self.read(move |connection| {
                let mut find = connection.prepare_cached(select!("id = ?3"))?;
                find.query_row(params![kind, integer(now), id], record).optional()
            })
            .await
        })
    }

    fn commit(&self, writes: Vec<Write>, now: Millis) -> Answer<'_, Committed> {
        Answer::later(async move {
            check_writes(&writes)?;
            self.orders.ask(|reply| Order::Commit(writes, now, reply)).await
        })
    }

    fn list(&self, kind: Kind, after: &str, limit: usize, now: Millis) -> Answer<'_, Vec<Record>> {
        let after = after.to_owned();
        Answer::later(async move {
            check_kind(kind).and_then(|()| check_after(&after))?;
            self.read(move |connection| {
                let mut list = connection.prepare_cached(select!("id > ?3 ORDER BY id LIMIT ?4"))?;
                list.query_map(params![kind, integer(now), after, most(limit)], record)?.collect()
            })
            .await
        })
    }

    fn owned(&self, kind: Kind, owner: &str, limit: usize, now: Millis) -> Answer<'_, Vec<Record>> {
        let owner = owner.to_owned();
        Answer::later(async move {
            check_kind(kind).and_then(|()| check_id(&owner))?;
            self.read(move |connection| {
                let mut list = connection.prepare_cached(select!("owner = ?3 ORDER BY id LIMIT ?4"))?;
                list.query_map(params![kind, integer(now), owner, most(limit)], record)?.collect()
            })
            .await
        })
    }

    fn changed(&self, kind: Kind, since: Millis, now: Millis) -> Answer<'_, (Vec<Record>, Millis)> {
        Answer::later(async move {
            check_kind(kind)?;
            self.read(move |connection| {
                let clock = unix_millis();
                let mut list =
                    connection.prepare_cached(select!("changed_at >= ?3 ORDER BY changed_at, id"))?;
                let changed = list.query_map(params![kind, integer(now), integer(since)], record)?;
                Ok((changed.collect::<rusqlite::Result<_>>()?, clock))
            })
            .await
        })
    }

    fn delete_expired(&self, limit: usize, now: Millis) -> Answer<'_, usize> {
        Answer::later(async move { self.orders.ask(|reply| Order::DeleteExpired(limit, now, reply)).await })
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let expires_at = row.get::<_, Option<i64>>(3)?;
    Ok(Record {
        id: row.get(0)?,
        version: number(row, 1)?,
        owner: row.get(2)?,
        expires_at: expires_at.map(|time| u64::try_from(time).unwrap_or(0)),
        changed_at: number(row, 4)?,
        value: row.get(5)?,
    })
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

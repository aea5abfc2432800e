//! Records in a table.

use tokio::time::{error::Elapsed, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, IsolationLevel, Row, Transaction};

use crate::answer::Answer;
use crate::error::StoreError;
use crate::millis::Millis;
use crate::postgres::pool::{Lease, PATIENCE, Pool};
use crate::postgres::server::Server;
use crate::postgres::statements;
use crate::postgres::values::bigint;
use crate::records::bounds::{check_after, check_id, check_kind, check_writes};
use crate::records::{Change, Committed, Kind, Record, Records, Write};

/// How often something is tried that the database has given up, or whose connection was lost, before anything was written.
const ATTEMPTS: usize = 5;

/// Records in a table of a database, for many gateways. Cheap to make: it connects on first use, and again when connections
/// are lost.
pub struct PostgresRecords {
    pool: Pool,
}

impl std::fmt::Debug for PostgresRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresRecords({})", self.pool.server.address())
    }
}

/// Why something was not done.
enum Failure {
    /// Nothing was written, and the next attempt may succeed.
    Again(Error),
    Final(Error),
}

type Parameters<'a> = [(&'a (dyn ToSql + Sync), Type)];

impl PostgresRecords {
    /// Records at `postgres://user@host/database`; `sslmode=require` asks for TLS with a certificate that this machine
    /// trusts.
    ///
    /// # Errors
    /// If the address is invalid.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        Ok(PostgresRecords { pool: Pool::new(Server::parse(url)?) })
    }

    /// Connects and makes the tables if there are none, so that what is wrong is known before it is needed.
    ///
    /// # Errors
    /// If the database does not answer, or its tables are of a newer version of this program.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        self.pool.client(&mut self.pool.lease().await?).await.map(|_| ())
    }

    async fn rows(&self, statement: &str, parameters: &Parameters<'_>) -> Result<Vec<Row>, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut lease = self.pool.lease().await?;
            let rows = self.pool.client(&mut lease).await?.query_typed(statement, parameters);
            let answer = timeout(PATIENCE, rows).await.map(|rows| rows.map_err(unwritten));
            if let Some(answer) = self.settle(attempt, lease, answer) {
                return answer;
            }
        }
    }

    async fn records(&self, statement: &str, parameters: &Parameters<'_>) -> Result<Vec<Record>, StoreError> {
        let rows = self.rows(statement, parameters).await?;
        rows.iter().map(record).collect::<Result<_, _>>().map_err(|e| self.pool.server.failed(&e))
    }

    /// What is answered after an attempt; nothing if there is to be another one.
    fn settle<T>(
        &self,
        attempt: usize,
        mut lease: Lease<'_>,
        answer: Result<Result<T, Failure>, Elapsed>,
    ) -> Option<Result<T, StoreError>> {
        let Ok(answer) = answer else {
            // A connection that hangs is of no use to the next caller.
            *lease = None;
            return Some(Err(self.pool.server.unavailable("does not answer")));
        };
        match answer {
            Ok(answer) => Some(Ok(answer)),
            Err(Failure::Again(error)) if attempt < ATTEMPTS => {
                if !is_given_up(&error) {
                    *lease = None;
                    drop(lease);
                    self.pool.end_idle();
                }
                None
            }
            Err(Failure::Again(error) | Failure::Final(error)) => Some(Err(self.pool.server.failed(&error))),
        }
    }
}

impl Records for PostgresRecords {
    fn get(&self, kind: Kind, id: &str, now: Millis) -> Answer<'_, Option<Record>> {
        let id = id.to_owned();
        Answer::later(async move {
            check_kind(kind).and_then(|()| check_id(&id))?;
            let parameters: &Parameters<'_> =
                &[(&kind, Type::TEXT), (&bigint(now), Type::INT8), (&id, Type::TEXT)];
            Ok(self.records(statements::GET, parameters).await?.pop())
        })
    }

    fn commit(&self, mut writes: Vec<Write>, now: Millis) -> Answer<'_, Committed> {
        Answer::later(async move {
            check_writes(&writes)?;
            // Rows are locked in one order everywhere, so that no two commits wait for each other.
            writes.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
            let mut attempt = 0;
            loop {
                attempt += 1;
                let mut lease = self.pool.lease().await?;
                let committed = commit(self.pool.client(&mut lease).await?, &writes, bigint(now));
                let answer = timeout(PATIENCE, committed).await;
                if let Some(answer) = self.settle(attempt, lease, answer) {
                    return answer;
                }
            }
        })
    }

    fn list(&self, kind: Kind, after: &str, limit: usize, now: Millis) -> Answer<'_, Vec<Record>> {
        let after = after.to_owned();
        Answer::later(async move {
            check_kind(kind).and_then(|()| check_after(&after))?;
            let (now, limit) = (bigint(now), most(limit));
            let parameters: &Parameters<'_> =
                &[(&kind, Type::TEXT), (&now, Type::INT8), (&after, Type::TEXT), (&limit, Type::INT8)];
            self.records(statements::LIST, parameters).await
        })
    }

    fn owned(&self, kind: Kind, owner: &str, limit: usize, now: Millis) -> Answer<'_, Vec<Record>> {
        let owner = owner.to_owned();
        Answer::later(async move {
            check_kind(kind).and_then(|()| check_id(&owner))?;
            let (now, limit) = (bigint(now), most(limit));
            let parameters: &Parameters<'_> =
                &[(&kind, Type::TEXT), (&now, Type::INT8), (&owner, Type::TEXT), (&limit, Type::INT8)];
            self.records(statements::OWNED, parameters).await
        })
    }

    fn changed(&self, kind: Kind, since: Millis, now: Millis) -> Answer<'_, (Vec<Record>, Millis)> {
        Answer::later(async move {
            check_kind(kind)?;
            let failed = |e: Error| self.pool.server.failed(&e);
            let clock = self.rows(statements::CLOCK, &[]).await?;
            let clock = clock.first().map_or(Ok(0), |row| row.try_get::<_, i64>(0)).map_err(failed)?;
            let (since, now) = (bigint(since), bigint(now));
            let parameters: &Parameters<'_> =
                &[(&kind, Type::TEXT), (&now, Type::INT8), (&since, Type::INT8)];
            Ok((self.records(statements::CHANGED, parameters).await?, unsigned(clock)))
        })
    }

    fn delete_expired(&self, limit: usize, now: Millis) -> Answer<'_, usize> {
        Answer::later(async move {
            let parameters: &Parameters<'_> = &[(&bigint(now), Type::INT8), (&most(limit), Type::INT8)];
            Ok(self.rows(statements::DELETE_EXPIRED, parameters).await?.len())
        })
    }
}

/// Writes all changes, or none if something is not as expected.
async fn commit(client: &mut Client, writes: &[Write], now: i64) -> Result<Committed, Failure> {
    let read_committed = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    let transaction = read_committed.start().await.map_err(unwritten)?;
    let versions = put(&transaction, writes, now).await.map_err(unwritten)?;
    let is_met = |(write, version): (&Write, &u64)| {
        // It was written in place of the version before; there is none before the first.
        write.expected.is_met(version.checked_sub(1).filter(|before| *before > 0))
    };
    if versions.len() != writes.len() || !writes.iter().zip(&versions).all(is_met) {
        transaction.rollback().await.map_err(Failure::Final)?;
        return Ok(Committed::Conflict);
    }
    let deleted = || writes.iter().filter(|write| write.change == Change::Delete);
    let kinds: Vec<&str> = deleted().map(|write| write.kind).collect();
    let ids: Vec<&str> = deleted().map(|write| write.id.as_str()).collect();
    if !ids.is_empty() {
        let parameters: &Parameters<'_> = &[(&kinds, Type::TEXT_ARRAY), (&ids, Type::TEXT_ARRAY)];
        transaction.execute_typed(statements::DELETE, parameters).await.map_err(unwritten)?;
    }
    // If the connection is lost here, nobody knows what became of it.
    let lost = |e| if is_given_up(&e) { Failure::Again(e) } else { Failure::Final(e) };
    transaction.commit().await.map_err(lost)?;
    Ok(Committed::Done)
}

/// Writes records, whatever is expected, and returns their new versions. What is to be deleted is written too: so the place
/// of one that is not there is locked, and no other commit comes between.
async fn put(transaction: &Transaction<'_>, writes: &[Write], now: i64) -> Result<Vec<u64>, Error> {
    let (mut kinds, mut ids, mut owners) = (Vec::new(), Vec::new(), Vec::new());
    let (mut expiries, mut values) = (Vec::new(), Vec::new());
    for Write { kind, id, expected: _, change } in writes {
        let (owner, expires_at, value) = match change {
            Change::Put { owner, expires_at, value } => (owner.as_deref(), *expires_at, value.as_str()),
            Change::Delete => (None, None, ""),
        };
        kinds.push(*kind);
        ids.push(id.as_str());
        owners.push(owner);
        expiries.push(expires_at.map(bigint));
        values.push(value);
    }
    let parameters: &Parameters<'_> = &[
        (&kinds, Type::TEXT_ARRAY),
        (&ids, Type::TEXT_ARRAY),
        (&owners, Type::TEXT_ARRAY),
        (&expiries, Type::INT8_ARRAY),
        (&values, Type::TEXT_ARRAY),
        (&now, Type::INT8),
    ];
    let rows = transaction.query_typed(statements::PUT, parameters).await?;
    rows.iter().map(|row| row.try_get(0).map(unsigned)).collect()
}

/// An error before a commit: nothing was written. Another attempt may succeed unless the database refuses the statement.
fn unwritten(error: Error) -> Failure {
    let ended =
        [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT];
    let is_lost = error.code().is_none_or(|code| ended.contains(code));
    if is_lost || is_given_up(&error) { Failure::Again(error) } else { Failure::Final(error) }
}

/// Whether the database gave up a transaction for the sake of others.
fn is_given_up(error: &Error) -> bool {
    let codes = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    error.code().is_some_and(|code| codes.contains(code))
}

fn record(row: &Row) -> Result<Record, Error> {
    let expires_at = row.try_get::<_, Option<i64>>(3)?;
    Ok(Record {
        id: row.try_get(0)?,
        version: unsigned(row.try_get(1)?),
        owner: row.try_get(2)?,
        expires_at: expires_at.map(unsigned),
        changed_at: unsigned(row.try_get(4)?),
        value: row.try_get(5)?,
    })
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

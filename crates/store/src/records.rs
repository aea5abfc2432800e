//! Records: what is kept for good about users, their sessions and keys.
//!
//! A record has a kind, an id, a version, and a value that the backend does not read. Whoever changes several at once names the
//! version of each that he has read, and either all are written or none is ([`Records::commit`]): of two who change the same
//! record at the same time, one is told to read again. That is all that an account needs of a database, and it is the same on
//! each.
//!
//! What is outside of the bounds that are given here is refused by every backend alike
//! ([`StoreError::OutOfBounds`](crate::StoreError::OutOfBounds)), before anything is written.

pub(crate) mod bounds;

use std::fmt::Debug;

use crate::answer::Answer;
use crate::millis::Millis;

/// The kind of a record, as in `user`: 1 to 32 lower case letters and `-`.
pub type Kind = &'static str;

/// A record as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id among those of its kind: 1 to 512 bytes without NUL.
    pub id: String,
    /// 1 when it is new, one more with each change. One that takes the place of an expired or deleted one is new.
    pub version: u64,
    /// Whom it belongs to, so that all that is kept of him can be found and deleted; bounded like an id.
    pub owner: Option<String>,
    /// When it may be forgotten: from this millisecond on it is nothing. At most 2^63 - 1.
    pub expires_at: Option<Millis>,
    /// When it was last changed, by the clock of the backend.
    pub changed_at: Millis,
    /// JSON, which the backend does not read; at most 1 MiB without NUL.
    pub value: String,
}

/// One change of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The kind of the record.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// What must be there for the commit to happen.
    pub expected: Expected,
    /// What becomes of it.
    pub change: Change,
}

/// What must be there for a commit to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing. A record that has expired is nothing.
    Absent,
    /// The record as it was read: this version of it.
    Version(u64),
    /// Whatever there is, or nothing.
    Any,
}

impl Expected {
    /// Whether that is so of a record with this version, or of none.
    pub(crate) fn is_met(self, found: Option<u64>) -> bool {
        match self {
            Expected::Absent => found.is_none(),
            Expected::Version(version) => found == Some(version),
            Expected::Any => true,
        }
    }
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is written.
    Put {
        /// Whom it belongs to.
        owner: Option<String>,
        /// When it may be forgotten.
        expires_at: Option<Millis>,
        /// JSON.
        value: String,
    },
    /// It is deleted, if there is one.
    Delete,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// All of it is written, and survives a crash.
    Done,
    /// Nothing is: a record is not what was expected.
    Conflict,
}

/// Where records are kept. Expired records are never returned, whether or not they have been deleted yet.
pub trait Records: Send + Sync + Debug {
    /// A record.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn get(&self, kind: Kind, id: &str, now: Millis) -> Answer<'_, Option<Record>>;

    /// Writes all changes or none; at most 1,000 with 16 MiB, each of another record. When this returns
    /// [`Committed::Done`], they are on disk, and every gateway with the same store reads them. Commits behave as if they were
    /// made one after the other.
    ///
    /// # Errors
    /// If the backend does not answer; the changes may be written or not.
    fn commit(&self, writes: Vec<Write>, now: Millis) -> Answer<'_, Committed>;

    /// Records of a kind in the order of their ids (by bytes), from the first behind `after` on; at most `limit`.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn list(&self, kind: Kind, after: &str, limit: usize, now: Millis) -> Answer<'_, Vec<Record>>;

    /// Records of a kind that belong to somebody, in the order of their ids; at most `limit`.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn owned(&self, kind: Kind, owner: &str, limit: usize, now: Millis) -> Answer<'_, Vec<Record>>;

    /// Records of a kind that were changed at this time or later by the backend's clock, the oldest change first, and that
    /// clock's time now. Deleted ones are not among them. Ask again for a time some seconds before the last answer's, even if
    /// that clock was set back: a change is seen when its commit ends, and dated before.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn changed(&self, kind: Kind, since: Millis, now: Millis) -> Answer<'_, (Vec<Record>, Millis)>;

    /// Deletes records of all kinds that have expired, at most `limit`. How many.
    ///
    /// # Errors
    /// If the backend does not answer.
    fn delete_expired(&self, limit: usize, now: Millis) -> Answer<'_, usize>;
}

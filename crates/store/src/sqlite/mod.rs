//! State in SQLite files. A thread owns each connection and serves all others; programs on one machine may share a file.

mod fault;
mod file;
mod format;
mod ledger;
mod queue;
mod records;
mod values;
mod writer;

pub use ledger::SqliteLedger;
pub use records::SqliteRecords;

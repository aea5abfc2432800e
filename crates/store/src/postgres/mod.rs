//! State in PostgreSQL, shared by gateways.

mod ledger;
mod pool;
mod records;
mod schema;
mod server;
mod statements;
mod values;

pub use ledger::PostgresLedger;
pub use records::PostgresRecords;

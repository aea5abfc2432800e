//! State in the memory of one process. It answers at once and never fails.

mod board;
mod counters;
mod expiring_set;
mod records;
mod shards;
mod snapshot;

pub use board::MemoryBoard;
pub use counters::MemoryCounters;
pub use expiring_set::{MemoryFlags, MemoryLedger};
pub use records::MemoryRecords;

//! State in Redis or Valkey, shared by gateways. Needs Redis 6.2 or any Valkey.

mod board;
mod counters;
mod ledger;
mod server;
mod takes;

pub use board::RedisBoard;
pub use counters::{Clock, RedisCounters};
pub use ledger::RedisLedger;

//! The API behind the gate: which of its addresses, over which connection, and for how long.

mod body;
mod connect;
mod health;
mod pool;
mod send;

pub(crate) use body::UpstreamBody;
pub(crate) use connect::{Connector, fetch};
pub(crate) use health::{Health, watch};
pub(crate) use pool::Pools;
pub(crate) use send::forward;

//! The API behind the gate: connections to it, and one request over them.
//!
//! - `connect` opens connections; `pool` keeps them; `health` decides which upstream to try first
//! - `send` sends one request, and sends it again where that is safe; `hop_by_hop` and `tunnel` are its parts
//! - `request_body` and `response_body` are the bodies on the way

mod activity;
mod connect;
mod health;
mod hop_by_hop;
mod pool;
mod request_body;
mod response_body;
mod send;
mod tunnel;

pub(crate) use connect::{Connector, fetch};
pub(crate) use health::{Health, check as check_health};
pub(crate) use pool::Pools;
pub(crate) use response_body::UpstreamBody;
pub(crate) use send::forward;
pub(crate) use tunnel::ClientSide;

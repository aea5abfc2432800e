//! The API behind the gate: connections to it, and one request over them.
//!
//! - `target` is what all workers know of an upstream: its `health`, kept by exchanges and `checks`, and the addresses behind
//!   its name (`names`)
//! - `balance` decides which of them a request goes to
//! - `connect` opens connections, by `dial`, `socket` and `heard`; `pool` keeps them
//! - `send` sends one request, and sends it again where that is safe; `attempt` sends it once, `message` gives it its form;
//!   `hop_by_hop`, `location`, `prefix`, `tunnel` and `websocket` are parts of that
//! - `request_body` and `response_body` are the bodies on the way

mod activity;
mod attempt;
mod balance;
mod checks;
mod connect;
mod dial;
mod health;
mod heard;
mod hop_by_hop;
mod location;
mod message;
mod names;
mod pool;
mod prefix;
mod request_body;
mod response_body;
mod send;
mod socket;
mod target;
mod tunnel;
mod websocket;

pub(crate) use checks::check as check_health;
pub(crate) use connect::{Connector, HeadLimits, ask, fetch};
pub(crate) use pool::Pools;
pub(crate) use response_body::UpstreamBody;
pub(crate) use send::forward;
pub(crate) use target::Target;
pub(crate) use tunnel::ClientSide;

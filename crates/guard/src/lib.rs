//! The exchange, the doors and the events: every decision that Doorward makes.
//!
//! [`Guard::handle`] takes a request, runs the doors of [`doors`] in order, forwards what may pass, and runs the
//! same doors in reverse over the response. Gateway, tower layer and tests all call that one function; none of
//! them decides anything. The guard opens no socket: who forwards, and where events go, is handed in.

mod assignment;
pub mod body;
mod content_encoding;
pub mod doors;
mod enumeration;
mod event;
mod exchange;
mod finish;
mod forwarded;
pub mod framing;
mod guard;
mod header;
pub mod inputs;
mod look;
mod metrics;
mod named;
mod owner;
mod owner_scan;
mod peer;
mod pipeline;
mod refusal;
mod request;
mod response;
mod sanitize;
mod target;
mod waf;
mod watch;

pub use event::{Access, Event, EventId, EventSink, LineWriter, Record, Timestamp, Verdict};
pub use exchange::Exchange;
pub use forwarded::set_forwarded;
pub use guard::{Assumed, Client, Engine, ForwardError, Guard, GuardError};
pub use header::remove_headers;
pub use metrics::Metrics;
pub use peer::{Peer, Transport};
pub use refusal::{Decision, Refusal, Rewrite, problem};
pub use target::{Target, TargetError};
pub use waf::Audit;

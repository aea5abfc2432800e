//! The exchange, the doors and the events: every decision that Doorward makes.
//!
//! [`Guard::handle`] takes a request, runs the doors in order, forwards what may pass, and runs the
//! same doors in reverse over the response. Gateway, tower layer and tests all call that one function; none of
//! them decides anything. The guard opens no socket: who forwards, and where events go, is handed in.

mod admission;
mod decision;
mod doors;
mod engine;
mod events;
mod exchange;
mod forward;
mod guard;
mod pipeline;
mod state;
mod wire;

pub use admission::Admission;
pub use decision::door_id::DoorId;
pub use decision::{Decision, Refusal, Rewrite, problem};
pub use engine::Engine;
pub use events::log_writer::LineWriter;
pub use events::metrics::Metrics;
pub use events::modsecurity::Audit;
pub use events::{Access, Event, EventSink, Record, Timestamp, Verdict};
pub use exchange::Exchange;
pub use exchange::forwarded::set_forwarded;
pub use exchange::id::EventId;
pub use exchange::peer::{Peer, Transport};
pub use exchange::target::{Target, TargetError};
pub use forward::{Client, ForwardError};
pub use guard::{Guard, GuardError, PreAuthenticated};
pub use wire::headers::remove_headers;
pub use wire::{body, framing};

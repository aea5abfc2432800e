//! The exchange, the doors and the events: every decision that Doorward makes.
//!
//! [`Guard::handle`] takes a request, runs the doors in order, forwards what may pass, and runs the
//! same doors in reverse over the response. Gateway, tower layer and tests all call that one function; none of
//! them decides anything. The guard opens no socket: who forwards, and where events go, is handed in.
//!
//! ```
//! use bytes::Bytes;
//! use guard::{FanOut, Guard, Peer, Transport};
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // What holds without a policy file.
//! let policy = policy::load(&policy::Inputs { text: Some(String::new()), ..Default::default() })?;
//! let stores = guard::open_stores(&policy)?;
//! let guard = Guard::new(policy, stores, FanOut::new())?;
//!
//! let peer = Peer { address: [203, 0, 113, 7].into(), transport: Transport::Tls, violation: None };
//! for (target, expected) in [("/users?id=1", StatusCode::OK), ("/users?id=1%20OR%201=1", StatusCode::FORBIDDEN)] {
//!     let request = Request::get(target).header("host", "api.example").header("user-agent", "curl");
//!     let upstream = |_, _| async { Ok(Response::new(Full::new(Bytes::from("[]")))) };
//!     let response = guard.handle(request.body(Full::<Bytes>::default())?, peer, upstream).await;
//!     assert_eq!(response.status(), expected);
//! }
//! # Ok(())
//! # }
//! ```

mod account;
mod admission;
mod challenge_key;
mod decision;
mod doors;
mod engine;
mod events;
mod exchange;
mod forward;
mod grpc;
mod guard;
mod held;
mod in_flight;
mod network;
mod orders;
mod pipeline;
mod seats;
mod standing;
mod state;
#[cfg(feature = "graphql")]
mod stored_log_ins;
mod stores;
mod told;
mod tunnel;
mod wire;

pub use account::{ClientConnection, ServedBy};
pub use admission::Admission;
pub use challenge_key::NoRandomness;
pub use decision::door_id::DoorId;
pub use decision::{Decision, Refusal, Rewrite, problem};
pub use engine::Engine;
pub use events::evidence::{Compared, Evidence, Invalid, MatchedRule, Side};
pub use events::exposition::Exposition;
pub use events::fan_out::FanOut;
pub use events::log_writer::LineWriter;
pub use events::metrics::Metrics;
pub use events::modsecurity::Audit;
pub use events::sinks::{AccessSink, AuditSink, EventSink, Observer};
pub use events::{Access, AccountStep, Event, Record, Timestamp, Verdict};
pub use exchange::Exchange;
pub use exchange::forwarded::set_forwarded;
pub use exchange::id::EventId;
pub use exchange::peer::{Peer, Transport};
pub use exchange::target::{Target, TargetError};
pub use forward::{Client, ForwardError};
pub use guard::{Guard, GuardError, PreAuthenticated};
pub use network::network as client_number;
pub use standing::attack::Order;
pub use standing::bans::Ban;
pub use standing::crawlers::Claim;
pub use stores::{backup_records, open_records, open_stores};
pub use tunnel::Tunnel;
pub use wire::headers::remove_headers;
pub use wire::{body, framing};

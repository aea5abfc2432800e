//! The gateway: sockets in, sockets out, and nothing decided in between.
//!
//! Each worker thread has its own listener (`SO_REUSEPORT`), its own single-threaded runtime and its own pool of
//! upstream connections, so that an exchange never crosses a thread. What may pass is [`guard::Guard`]'s business.

mod admin;
mod connection;
mod framed;
mod hop;
mod keys;
mod output;
mod reload;
mod server;
mod shutdown;
mod tls;
mod tunnel;
mod upstream;

pub use output::{open_audit_log, open_log};
pub use server::{Gateway, StartError};
pub use tls::TlsError;

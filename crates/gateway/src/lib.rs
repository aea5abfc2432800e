//! The gateway: accepts connections and forwards requests. It makes no security decision of its own.
//!
//! Each worker thread has its own listener (`SO_REUSEPORT`), its own single-threaded runtime and its own pool of
//! upstream connections, so that an exchange never crosses a thread. [`guard::Guard`] decides which requests pass.
//!
//! - `server`: starts and stops the workers; `state`: what they share
//! - `listen`: client connections, from the first byte to the last
//! - `client_body`: what a client sends, read on after a refusal
//! - `clients`: how many connections one client has; `closed`: those that were closed, told together
//! - `tls`: certificates and roots
//! - `upstream`: connections to the API, and one request over them
//! - `tasks`: what runs beside the workers: reload and key sets
//! - `admin`: metrics and health on a listener of their own, which `inquiry` asks; an operator's socket
//! - `accounts`: the user service, if the policy has one
//! - `outside`: requests to others: providers of identity, publishers of lists
//! - `supervisor`: what a service manager is told

mod accounts;
mod admin;
mod client_body;
mod clients;
mod closed;
mod descriptors;
mod failures;
mod inquiry;
mod listen;
mod output;
mod outside;
mod place;
mod server;
mod shutdown;
mod state;
mod supervisor;
mod tasks;
mod tls;
mod upstream;

pub use accounts::{AccountsError, open_service};
pub use admin::{AdminSocket, AttackNote, BanNote, Done, Status};
pub use descriptors::Descriptors;
pub use inquiry::{Condition, Inquiry};
pub use output::{LogError, Logs};
pub use server::{Gateway, StartError};
pub use tls::{TlsError, check_tls};

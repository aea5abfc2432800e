//! The settings of the doors, one file a door. A file holds the door's settings with their defaults, what
//! a route may change, both in compiled form, and the lines that `doorward check` prints.

mod auth;
mod bots;
pub(crate) mod cookies;
mod cors;
mod door;
mod headers;
mod injection;
mod network;
mod ownership;
mod protocol;
mod rate;
mod schema;

pub use auth::*;
pub use bots::*;
pub use cookies::*;
pub use cors::*;
pub use door::*;
pub use headers::*;
pub use injection::*;
pub use network::*;
pub use ownership::*;
pub use protocol::*;
pub use rate::*;
pub use schema::*;

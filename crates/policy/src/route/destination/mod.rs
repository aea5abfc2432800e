//! Where a request goes: to which upstream, with which path; or where its client is sent.

mod filled;
mod table;
mod way;

pub(crate) use table::Destinations;
pub use way::{Destination, Redirect};

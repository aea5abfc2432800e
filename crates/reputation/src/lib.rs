//! What is known of a client's address: lists that it is on, its country, who operates its network.
//!
//! - [`AddressTable`]: a value for each of many networks, in a few bytes for each, found in some memory accesses
//! - [`list`]: lists of networks as they are published, in the forms that are in use
//! - [`Geo`]: country and network operator, out of databases in the MaxMind DB format
//! - [`agents`]: what a request shows of the program that sent it
//! - [`browsers`]: what browsers send beside their name
//!
//! Nothing in here opens a socket. Files are read once, by whoever calls.

pub mod agents;
pub mod browsers;
mod geo;
pub mod list;
mod table;

pub use geo::{CountryCode, Geo, GeoError};
pub use table::AddressTable;

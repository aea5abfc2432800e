//! The other end of the connection.

use std::net::IpAddr;

use crate::wire::framing::FramingError;

/// How the bytes came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Cleartext.
    Plain,
    /// TLS, ended here.
    Tls,
}

/// The other end of the connection that a request came on.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its address, after PROXY protocol where that is required.
    pub address: IpAddr,
    /// Whether TLS ended here.
    pub transport: Transport,
    /// What the framing of this request breaks; then the request is a stand-in that must be refused.
    pub violation: Option<FramingError>,
}

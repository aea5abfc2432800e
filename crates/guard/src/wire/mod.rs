//! What passes through a connection: framing, headers, bodies.

pub mod body;
pub mod framing;
pub(crate) mod headers;

//! What passes through a connection: framing, headers, bodies.

pub mod body;
pub(crate) mod collect;
pub(crate) mod content_encoding;
pub mod framing;
pub(crate) mod headers;
pub(crate) mod messages;
pub(crate) mod metered;
pub(crate) mod window;

//! Client connections: bound, accepted, and served until they end or the gateway drains.
//!
//! 1. `accept` takes a connection, reads the PROXY protocol header (`proxy_protocol`, `proxy_fields`) where the policy requires one,
//!    and finds out which HTTP is spoken: by ALPN inside TLS, by the first bytes (`preface`) without
//! 2. `patient` gives up on a client that does not read
//! 3. `http1` puts the framing sentinel (`framed`) before the parser and watches the clock (`progress`); `http2` needs no
//!    sentinel, and watches over each stream (`streams`)
//! 4. `connection` hands each request to the guard, with a way to forward it

mod accept;
mod connection;
mod frame_budget;
mod framed;
mod http1;
mod http2;
mod overheard;
mod patient;
mod preface;
mod progress;
mod proxy_fields;
mod proxy_protocol;
mod rewound;
mod streams;

pub(crate) use accept::{Claim, accept, bind};

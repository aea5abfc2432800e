//! What a person who runs the gateway would see, over real sockets and against real peers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod doors;
mod failures;
mod framing;
mod ownership;
mod reload;
mod schema;
mod support;
mod traffic;

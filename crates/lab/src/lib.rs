//! A small shop API, built twice: as the guide's vulnerable examples, and as its defences.
//!
//! Every module holds both versions of one thing side by side: [`search`](crate) with concatenated and with bound
//! SQL, orders with and without an owner check, and so on. It listens on loopback only, unless told that the person
//! knows what that means, and resets itself.

mod comments;
mod database;
mod edge;
mod graphql;
mod login;
mod orders;
mod profile;
mod search;
mod server;
mod token;
mod users;

pub use database::Database;
pub use server::{Exposure, Lab, LabError, Settings};

/// The OpenAPI document of the shop: what it should do.
pub const OPENAPI: &str = include_str!("../shop.openapi.yaml");

/// A policy that shuts the shop's doors. It names `shop.openapi.yaml` and `token.secret` beside it.
pub const POLICY: &str = include_str!("../doorward.toml");

/// Whether the guide's mistakes or its defences are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The mistakes.
    Vulnerable,
    /// The defences.
    Hardened,
}

/// The people of the shop: name, password.
pub const PEOPLE: [(&str, &str); 3] =
    [("alice", "wonderland-2026"), ("bob", "builder-of-things"), ("admin", "correct-horse-battery")];

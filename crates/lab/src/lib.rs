//! A small shop API in two versions: with the mistakes that the [guide] warns of, and with the defences.
//!
//! Every module holds both versions side by side: search with concatenated and with bound SQL, orders with and
//! without an owner check, and so on. It listens on loopback only, unless [`Exposure::Public`] allows more, and
//! restores its data every five minutes.
//!
//! [guide]: https://github.com/doorward/doorward/blob/main/docs/guide.md

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

/// The OpenAPI document of the shop. It describes the hardened version.
pub const OPENAPI: &str = include_str!("../shop.openapi.yaml");

/// A policy that protects the vulnerable shop. It names `shop.openapi.yaml` and `token.secret` beside it.
pub const POLICY: &str = include_str!("../doorward.toml");

/// Which version of the shop is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// With the mistakes.
    Vulnerable,
    /// With the defences.
    Hardened,
}

/// The accounts of the shop: name and password.
pub const ACCOUNTS: [(&str, &str); 3] =
    [("alice", "wonderland-2026"), ("bob", "builder-of-things"), ("admin", "correct-horse-battery")];

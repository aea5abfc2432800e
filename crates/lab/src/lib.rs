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
mod failures;
mod graphql;
mod login;
mod orders;
mod profile;
mod request_limit;
mod search;
mod server;
mod shop;
mod token;
mod users;
mod version;

pub use database::{ACCOUNTS, Database};
pub use server::{Exposure, Lab, LabError, Settings};
pub use version::Version;

/// The OpenAPI document of the shop. It describes the hardened version.
pub const OPENAPI: &str = include_str!("../shop.openapi.yaml");

/// A policy that protects the vulnerable shop. It names `shop.openapi.yaml` and `token.secret` beside it.
pub const POLICY: &str = include_str!("../doorward.toml");

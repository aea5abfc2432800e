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
mod kept_sessions;
mod login;
mod orders;
mod passwords;
mod profile;
mod randomness;
mod registration;
mod request_limit;
mod search;
mod server;
mod sessions;
mod shop;
mod token;
mod users;
mod version;

pub use database::{ACCOUNTS, Database};
pub use server::{Exposure, Lab, LabError, Settings};
pub use version::Version;

/// The OpenAPI document of the shop. It describes the hardened version.
pub const OPENAPI: &str = include_str!("../shop.openapi.yaml");

/// The operations of the user service that stand in the document in place of the shop's own log in.
pub const SERVICE: &str = include_str!("../service.openapi.yaml");

/// The operations of the shop's own log in.
pub const OWN_LOGIN: [&str; 4] = ["/api/login", "/api/refresh", "/api/logout", "/api/register"];

/// A policy that protects the vulnerable shop. It names `shop.openapi.yaml` beside it.
pub const POLICY: &str = include_str!("../doorward.toml");

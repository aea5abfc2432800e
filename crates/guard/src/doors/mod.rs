//! One file per door, named after it. Each begins with the guide's question that it answers.

pub mod authentication;
pub(crate) mod cedar;
pub mod cookies;
pub mod cors;
pub mod headers;
pub mod injection;
pub mod network;
pub mod ownership;
pub mod protocol;
pub mod rate;
pub mod schema;

//! One room per door, named after it. Each begins with the guide's question that it answers.

pub(crate) mod authentication;
pub(crate) mod cookies;
pub(crate) mod cors;
pub(crate) mod headers;
pub(crate) mod injection;
pub(crate) mod network;
pub(crate) mod ownership;
pub(crate) mod protocol;
pub(crate) mod rate;
pub(crate) mod schema;

//! What the operator wrote, checked and compiled into typed policy.
//!
//! A policy comes from two places: `doorward.toml` ([`config`]) and, when there is one, an OpenAPI document
//! ([`openapi`]). Both are parsed once, checked as a whole, and compiled into a [`Policy`] that the doors read
//! without parsing, allocating or failing. What is wrong in a file is a [`ConfigError`] that names file, line,
//! column and mend.
//!
//! Nothing here opens a socket: a key set behind a URL is a [`KeySource::Url`] that somebody else fetches.

mod audit;
mod compile;
mod compiled;
pub mod config;
mod door;
mod error;
mod origin;
mod units;

pub use audit::{Audit, AuditFinding, Severity, audit};
pub use compile::{Inputs, load};
pub use compiled::*;
pub use door::{Door, Mode, Modes};
pub use error::ConfigError;
pub use origin::{Origin, OriginPattern};
pub use units::{ByteSize, CountedOutcome, Limit, LimitAlgorithm, LimitKey, Period};

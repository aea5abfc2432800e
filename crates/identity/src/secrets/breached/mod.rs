//! Passwords that are in the lists of attackers, because a service lost them.
//!
//! Whoever stuffs credentials tries these first, so a new password must not be one of them (NIST SP 800-63B-4 §3.1.1.2, OWASP
//! ASVS 5.0 §6.2.12). There are two ways to ask: [`range`] asks a service, which does not learn the password; [`filter`]
//! asks a file, which [`build()`] makes of a list of hashes.

mod build;
mod digest;
pub mod filter;
mod header;
pub mod range;
mod rice;

pub use build::{BuildError, Built, Settings, build};
pub use filter::Filter;
pub use header::FilterError;
pub use range::{OnFailure, RangeQuery, RangeSource, Verdict};

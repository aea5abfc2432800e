//! The user service: pages and JSON to register, log in and manage an account.
//!
//! `identity` has the logic; this is its face. [`Accounts`] answers requests in process: the gateway leads them here behind the
//! same doors as to any upstream.

mod device;
mod face;
pub mod mail;
pub mod pages;
pub mod texts;

pub use face::{Accounts, Caller, Face, Told};

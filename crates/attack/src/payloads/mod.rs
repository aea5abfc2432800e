//! What attacks send and look for, as data: one file a door.
//!
//! Rust rather than text files, because payloads end in blanks, hold line breaks, and come in pairs.

pub(crate) mod authentication;
pub(crate) mod cors;
pub(crate) mod mass_assignment;
pub(crate) mod ordinary;
pub(crate) mod signatures;
pub(crate) mod sql;
pub(crate) mod waf;
pub(crate) mod xss;

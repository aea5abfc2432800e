//! The user service without HTTP, on a store in memory: what a user, a thief and an operator would observe.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic)]

mod accounts;
mod administration;
mod authenticator;
mod desk;
mod keys;
mod passkeys;
mod promises;
mod providers;
mod refreshing;

//! Requests that an attacker can change in one place: a draft, its slots, and how it is written.

pub(crate) mod curl;
mod draft;
mod fresh;
mod render;

pub(crate) use draft::{Draft, Slot, scalar_text};
pub(crate) use fresh::fresh;

//! Answers: what was served, what it is like, and which values are in it.

mod likeness;
pub(crate) mod reply;
pub(crate) mod values;

pub(crate) use likeness::{Likeness, Mask, list_length, without_what_varies};
pub(crate) use reply::Reply;

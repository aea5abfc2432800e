//! Sessions: how accounts log in, and what their requests carry from then on.

pub(crate) mod credential;
mod form;

pub(crate) use credential::{Session, session_of};
pub(crate) use form::LogInForm;

//! The refusals of bodies that try to set what they may not.

use http::StatusCode;

use crate::decision::{Decision, Refusal};
use crate::events::evidence::Evidence;

/// The most errors that are reported for one body.
pub(super) const MAX_ERRORS: usize = 20;

/// Refuses a body for what it may not set: JSON Pointers.
pub(super) fn refuse_properties(removed: &[String]) -> Decision {
    Decision::Refuse(unknown_properties(removed))
}

/// The same as a refusal.
pub(super) fn unknown_properties(removed: &[String]) -> Refusal {
    let evidence = Evidence::names(removed);
    let mut refusal = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-property", evidence);
    refusal.errors =
        removed.iter().take(MAX_ERRORS).map(|at| (at.clone(), "may not be set".to_owned())).collect();
    refusal
}

//! What is known of an attempt that a limit counts only if it fails.

use http::StatusCode;

/// What is known of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Attempt {
    /// Its status decides.
    #[default]
    Unknown,
    /// The answer's body decides.
    InBody,
    /// It has failed.
    Failed,
    /// It has not.
    Succeeded,
}

impl Attempt {
    pub(crate) fn of(failed: bool) -> Self {
        if failed { Attempt::Failed } else { Attempt::Succeeded }
    }

    /// Whether it stays counted: an answer of the gate's own counts by its status.
    pub(crate) fn has_failed(self, status: StatusCode) -> bool {
        match self {
            Attempt::Unknown | Attempt::InBody => status.is_client_error(),
            Attempt::Failed => true,
            Attempt::Succeeded => false,
        }
    }

    /// What two routes say of the same attempt: a failure on one of them is one.
    pub(crate) fn and(self, other: Attempt) -> Self {
        match (self, other) {
            (Attempt::Failed, _) | (_, Attempt::Failed) => Attempt::Failed,
            (Attempt::InBody, _) | (_, Attempt::InBody) => Attempt::InBody,
            (Attempt::Unknown, other) => other,
            (one, _) => one,
        }
    }
}

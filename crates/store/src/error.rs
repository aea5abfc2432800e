//! What can go wrong with a backend.

/// Why a backend did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// It is there, and is not to be used as it is: of a newer program, of another one, or damaged. Says which, and the mend.
    #[error("the store cannot be used: {0}")]
    Unusable(String),
    /// What it was asked is outside of the bounds of records; no backend was asked.
    #[error("this is no record: {0}")]
    OutOfBounds(&'static str),
    /// Its address is invalid. The address itself is not repeated: it may hold a password.
    #[error("invalid store address; write {0}")]
    Address(&'static str),
    /// This build has no such backend.
    #[error("this build has no {0} store; enable the feature `{0}`")]
    NotBuilt(&'static str),
}

//! What can go wrong with a backend.

/// Why a backend did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// Its address is invalid. The address itself is not repeated: it may hold a password.
    #[error("invalid store address; write {0}")]
    Address(&'static str),
    /// This build has no such backend.
    #[error("this build has no {0} store; enable the feature `{0}`")]
    NotBuilt(&'static str),
}

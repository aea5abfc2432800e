//! Why the service does not answer.

use store::StoreError;

use super::keys::IssueError;
use super::vault::VaultError;
use crate::secrets::Busy;

/// Why the service does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The store does not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many passwords are being hashed.
    #[error("too many log in at once")]
    Busy,
    /// Too many change the same thing at once.
    #[error("too many change the same thing at once")]
    Contended,
    /// What is kept cannot be read.
    #[error("a record `{kind}` cannot be read: {reason}")]
    Unreadable {
        /// Its kind.
        kind: &'static str,
        /// Why.
        reason: String,
    },
    /// What is sealed cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No token can be issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The cryptographic library fails.
    #[error("the cryptographic library fails")]
    Library,
}

impl ServiceError {
    pub(crate) fn unreadable(kind: &'static str, error: &serde_json::Error) -> Self {
        ServiceError::Unreadable { kind, reason: error.to_string() }
    }
}

impl From<Busy> for ServiceError {
    fn from(_: Busy) -> Self {
        ServiceError::Busy
    }
}

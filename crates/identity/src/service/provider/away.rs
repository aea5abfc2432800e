//! What waits for somebody who has gone to a provider.

use serde::{Deserialize, Serialize};

/// What waits for somebody's return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Away {
    pub(crate) provider: String,
    /// Digest of the browser's cookie.
    pub(crate) browser: String,
    /// Nonce and verifier, sealed.
    pub(crate) sealed: String,
    pub(crate) next: Option<String>,
    pub(crate) max_age: Option<u64>,
    /// To link: the user and his session.
    pub(crate) link: Option<(String, String)>,
}

impl Away {
    /// Whose it is, if it is somebody's already.
    pub(crate) fn user(&self) -> Option<&str> {
        self.link.as_ref().map(|(user, _)| user.as_str())
    }
}

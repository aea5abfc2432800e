//! How the caller of a request was verified.

/// Which credentials of a request the gate has verified.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct VerifiedBy {
    /// A bearer token, or the session that stands for one.
    pub(crate) token: bool,
    /// An API key.
    pub(crate) key: bool,
    /// A client certificate, and nothing else.
    pub(crate) certificate: bool,
}

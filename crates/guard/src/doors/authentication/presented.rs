//! What a request presents.

use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use identity::Principal;

/// What a request presents: whom it comes from, and what was not verified.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) principal: Option<Arc<Principal>>,
    /// How it was presented.
    pub(super) by: Presented,
    /// Headers without the credentials that could not be verified.
    pub(super) unverified: Vec<(HeaderName, Option<HeaderValue>)>,
}

/// Which credentials of a request the gate has verified.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Presented {
    /// A bearer token, or the session that stands for one.
    pub(super) token: bool,
    /// An API key.
    pub(super) key: bool,
}

/// The token of `Bearer token`, whatever blank stands between: servers split at any.
pub(super) fn bearer(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let end = value.iter().position(u8::is_ascii_whitespace)?;
    let (scheme, token) = value.split_at_checked(end)?;
    scheme.eq_ignore_ascii_case(b"bearer").then(|| token.trim_ascii())
}

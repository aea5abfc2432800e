//! What a request presents.

use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use identity::Principal;

use crate::exchange::VerifiedBy;

/// What a request presents: whom it comes from, and what was not verified.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) principal: Option<Arc<Principal>>,
    /// How it was presented.
    pub(super) by: VerifiedBy,
    /// Headers without the credentials that could not be verified.
    pub(super) unverified: Vec<(HeaderName, Option<HeaderValue>)>,
}

/// The token of `Bearer token`, whatever blank stands between: servers split at any.
pub(super) fn bearer(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let end = value.iter().position(u8::is_ascii_whitespace)?;
    let (scheme, token) = value.split_at_checked(end)?;
    scheme.eq_ignore_ascii_case(b"bearer").then(|| token.trim_ascii())
}

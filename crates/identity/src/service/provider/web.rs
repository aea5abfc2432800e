//! How requests get to a provider.

use std::pin::Pin;

/// Sends requests to providers: the program that uses this crate. It bounds time and size, and follows no redirect: a provider
/// that sends us elsewhere is not the one that the policy names.
pub trait Web: Send + Sync {
    /// Sends a request. The body of the answer is whole.
    fn send(&self, request: http::Request<Vec<u8>>) -> WebAnswer<'_>;
}

/// What comes back.
pub type WebAnswer<'a> = Pin<Box<dyn Future<Output = Result<http::Response<Vec<u8>>, WebError>> + Send + 'a>>;

/// Why nothing does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WebError(pub String);

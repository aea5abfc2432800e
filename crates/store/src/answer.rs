//! What a store's methods return, so that the traits can be used as objects without an allocation in memory.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::StoreError;

/// The answer of a store: there at once, or a future that waits for a server or a thread.
pub enum Answer<'a, T> {
    /// It is there.
    Ready(Ready<Result<T, StoreError>>),
    /// It is on its way.
    Pending(Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>),
}

impl<'a, T> Answer<'a, T> {
    /// An answer that is there.
    pub fn now(answer: T) -> Self {
        Answer::Ready(ready(Ok(answer)))
    }

    /// An answer that has to be waited for.
    pub fn later(answer: impl Future<Output = Result<T, StoreError>> + Send + 'a) -> Self {
        Answer::Pending(Box::pin(answer))
    }
}

impl<T> Future for Answer<'_, T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Answer::Ready(answer) => Pin::new(answer).poll(cx),
            Answer::Pending(answer) => answer.as_mut().poll(cx),
        }
    }
}

impl<T> std::fmt::Debug for Answer<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Answer::Ready(_) => "Answer::Ready",
            Answer::Pending(_) => "Answer::Pending",
        })
    }
}

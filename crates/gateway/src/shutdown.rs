//! Draining: no new connections, and time for open ones to finish.

use std::sync::Arc;

use tokio::sync::watch;

/// Signals that the gateway drains, and knows which connections are still open.
#[derive(Clone)]
pub(crate) struct Shutdown {
    draining: Arc<watch::Sender<bool>>,
}

impl Shutdown {
    pub(crate) fn new() -> Self {
        Shutdown { draining: Arc::new(watch::Sender::new(false)) }
    }

    /// Signals all token holders to finish.
    pub(crate) fn drain(&self) {
        self.draining.send_replace(true);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// A token for a connection or listener, which counts as busy while it holds the token.
    pub(crate) fn token(&self) -> Token {
        Token { draining: self.draining.subscribe() }
    }

    /// Resolves when no token is left.
    pub(crate) async fn idle(&self) {
        self.draining.closed().await;
    }
}

/// Held by a connection or listener while it is busy.
pub(crate) struct Token {
    draining: watch::Receiver<bool>,
}

impl Token {
    /// Resolves when the gateway drains.
    pub(crate) async fn draining(&mut self) {
        // An error means that the gateway is gone: finish as well.
        let _ = self.draining.wait_for(|draining| *draining).await;
    }
}

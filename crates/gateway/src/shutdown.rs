//! Draining: no new connections, a fair chance for those under way.

use std::sync::Arc;

use tokio::sync::watch;

/// Says when to drain, and knows who is still at work.
#[derive(Clone)]
pub(crate) struct Shutdown {
    draining: Arc<watch::Sender<bool>>,
}

impl Shutdown {
    pub(crate) fn new() -> Self {
        Shutdown { draining: Arc::new(watch::Sender::new(false)) }
    }

    /// Asks everybody to finish.
    pub(crate) fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Resolves when it is time to finish. Whoever holds this is still at work.
    pub(crate) fn token(&self) -> Token {
        Token { draining: self.draining.subscribe() }
    }

    /// Resolves when nobody is at work any more.
    pub(crate) async fn idle(&self) {
        self.draining.closed().await;
    }
}

/// Held by whoever is at work.
pub(crate) struct Token {
    draining: watch::Receiver<bool>,
}

impl Token {
    pub(crate) async fn draining(&mut self) {
        // An error means that the gateway is gone, which is a reason to finish too.
        let _ = self.draining.wait_for(|draining| *draining).await;
    }
}

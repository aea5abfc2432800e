//! Key sets that live behind a URL: who needs them asks here, who can fetch them answers here.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use crate::keys::{KeyError, VerificationKey, set};

/// A key set that is fetched again and again. Until the first fetch it holds no key, and every token fails.
#[derive(Clone)]
pub struct RemoteKeys {
    /// Where the set is.
    pub url: http::Uri,
    /// How often it is fetched.
    pub every: Duration,
    shared: Arc<Shared>,
}

struct Shared {
    keys: ArcSwap<Vec<VerificationKey>>,
    wanted: Notify,
    generation: watch::Sender<u64>,
}

impl RemoteKeys {
    pub(crate) fn new(url: http::Uri, every: Duration) -> Self {
        let shared = Shared {
            keys: ArcSwap::from_pointee(Vec::new()),
            wanted: Notify::new(),
            generation: watch::Sender::new(0),
        };
        RemoteKeys { url, every, shared: Arc::new(shared) }
    }

    /// Replaces the keys by those of a JWK set that was fetched.
    ///
    /// # Errors
    /// When it is none; the keys that are there stay.
    pub fn update(&self, text: &str) -> Result<(), KeyError> {
        self.shared.keys.store(Arc::new(set(text)?));
        self.shared.generation.send_modify(|g| *g += 1);
        Ok(())
    }

    /// Resolves when a token named a key that is not here: a reason to fetch before it is time.
    pub async fn wanted(&self) {
        self.shared.wanted.notified().await;
    }

    /// Asks for a fetch and waits for it, at most `patience`. Whether there are new keys.
    pub(crate) async fn fetch(&self, patience: Duration) -> bool {
        let mut generation = self.shared.generation.subscribe();
        self.shared.wanted.notify_one();
        matches!(tokio::time::timeout(patience, generation.changed()).await, Ok(Ok(())))
    }

    pub(crate) fn generation(&self) -> u64 {
        *self.shared.generation.borrow()
    }

    pub(crate) fn keys(&self) -> Arc<Vec<VerificationKey>> {
        self.shared.keys.load_full()
    }
}

impl std::fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RemoteKeys({})", self.url)
    }
}

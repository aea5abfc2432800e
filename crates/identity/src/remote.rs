//! Key sets behind a URL. This crate opens no sockets: the program that uses it waits for requests here, fetches the set and hands it in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use crate::keys::{KeyError, VerificationKey, set};

/// A key set that is fetched periodically. Until the first fetch it holds no key, and every token fails.
#[derive(Clone)]
pub struct RemoteKeys {
    /// Where the set is.
    pub url: http::Uri,
    /// How often it is fetched.
    pub every: Duration,
    state: Arc<State>,
}

struct State {
    keys: ArcSwap<Vec<VerificationKey>>,
    requested: Notify,
    /// Whether a fetch is under way or begins when one is requested.
    fetches: AtomicBool,
    generation: watch::Sender<u64>,
}

impl RemoteKeys {
    pub(crate) fn new(url: http::Uri, every: Duration) -> Self {
        let state = State {
            keys: ArcSwap::from_pointee(Vec::new()),
            requested: Notify::new(),
            fetches: AtomicBool::new(true),
            generation: watch::Sender::new(0),
        };
        RemoteKeys { url, every, state: Arc::new(state) }
    }

    /// Replaces the keys by those of a JWK set that was fetched.
    ///
    /// # Errors
    /// If it is not one; the present keys stay.
    pub fn update(&self, text: &str) -> Result<(), KeyError> {
        self.state.keys.store(Arc::new(set(text)?));
        self.state.generation.send_modify(|g| *g += 1);
        Ok(())
    }

    /// Resolves when a token names an unknown key: a reason to fetch before the period ends.
    pub async fn requested(&self) {
        self.state.fetches.store(true, Ordering::Relaxed);
        self.state.requested.notified().await;
    }

    /// A fetch has ended, and the next one begins after a pause: until then no token waits for one.
    pub fn rest(&self) {
        self.state.fetches.store(false, Ordering::Relaxed);
    }

    /// Requests a fetch and waits for it until the timeout. Whether there are new keys.
    pub(crate) async fn fetch(&self, timeout: Duration) -> bool {
        if !self.state.fetches.load(Ordering::Relaxed) {
            return false;
        }
        let mut generation = self.state.generation.subscribe();
        self.state.requested.notify_one();
        matches!(tokio::time::timeout(timeout, generation.changed()).await, Ok(Ok(())))
    }

    pub(crate) fn generation(&self) -> u64 {
        *self.state.generation.borrow()
    }

    pub(crate) fn keys(&self) -> Arc<Vec<VerificationKey>> {
        self.state.keys.load_full()
    }
}

impl std::fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RemoteKeys({})", self.url)
    }
}

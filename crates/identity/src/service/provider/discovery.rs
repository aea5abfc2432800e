//! What a provider says of itself (OpenID Connect Discovery 1.0), and its keys. Both are asked for before they are needed where
//! that is possible, and seldom: a provider that is away, or one whose tokens name invented keys, costs nobody more than a
//! moment.

use std::sync::Arc;

use parking_lot::Mutex;
use store::Millis;

use super::protocol::Metadata;
use super::web::Web;
use crate::keys::{VerificationKey, set};

/// What was learnt is asked for again after so long.
const FRESH: Millis = 60 * 60 * 1000;
/// The shortest time between two questions, whatever tokens and people ask for.
const PAUSE: Millis = 10 * 1000;

/// A provider, and what is known of it.
pub(crate) struct Known {
    pub(crate) settings: policy::Provider,
    /// Where it sends people back to.
    pub(crate) callback: String,
    state: Mutex<State>,
    /// Whoever asks it now.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct State {
    learnt: Option<(Arc<Metadata>, Millis)>,
    keys: Arc<Vec<VerificationKey>>,
    asked_at: Millis,
    /// Why the last question had no answer.
    failed: Option<String>,
}

impl Known {
    pub(crate) fn new(settings: policy::Provider, callback: String) -> Self {
        Known { settings, callback, state: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// What is known now.
    pub(crate) fn present(&self) -> Option<Arc<Metadata>> {
        self.state.lock().learnt.as_ref().map(|(metadata, _)| Arc::clone(metadata))
    }

    /// What it says of itself. Where it does not answer, what it said before holds.
    pub(crate) async fn metadata(&self, web: &Arc<dyn Web>, now: Millis) -> Result<Arc<Metadata>, String> {
        let State { learnt, .. } = self.state.lock().clone();
        match learnt {
            Some((metadata, at)) if now < at.saturating_add(FRESH) => Ok(metadata),
            // Nobody waits for another one who asks.
            Some((metadata, _)) => match self.asking.try_lock() {
                Ok(_asking) => Ok(self.ask(web, now).await.unwrap_or(metadata)),
                Err(_) => Ok(metadata),
            },
            None => {
                let _asking = self.asking.lock().await;
                match self.present() {
                    Some(metadata) => Ok(metadata),
                    None => self.ask(web, now).await,
                }
            }
        }
    }

    /// Its keys.
    pub(crate) fn keys(&self) -> Arc<Vec<VerificationKey>> {
        Arc::clone(&self.state.lock().keys)
    }

    /// Its keys, asked for again because a token names one that is not known. `None` where that was done a moment ago.
    pub(crate) async fn new_keys(
        &self,
        web: &Arc<dyn Web>,
        now: Millis,
    ) -> Option<Arc<Vec<VerificationKey>>> {
        let _asking = self.asking.lock().await;
        self.ask(web, now).await.ok()?;
        Some(self.keys())
    }

    /// Asks it, whoever else does.
    pub(crate) async fn learn(&self, web: &Arc<dyn Web>, now: Millis) -> Result<(), String> {
        let _asking = self.asking.lock().await;
        self.ask(web, now).await.map(drop)
    }

    async fn ask(&self, web: &Arc<dyn Web>, now: Millis) -> Result<Arc<Metadata>, String> {
        {
            let mut state = self.state.lock();
            if state.asked_at > 0 && now < state.asked_at.saturating_add(PAUSE) {
                let learnt = state.learnt.as_ref().map(|(metadata, _)| Arc::clone(metadata));
                return match (&state.failed, learnt) {
                    (None, Some(metadata)) => Ok(metadata),
                    (failed, _) => Err(failed.clone().unwrap_or_default()),
                };
            }
            state.asked_at = now.max(1);
            // Whoever asks may leave before there is an answer.
            state.failed = Some("nobody has waited for its answer".into());
        }
        let answer = self.fetch(web).await;
        let mut state = self.state.lock();
        match answer {
            Ok((metadata, keys)) => {
                let metadata = Arc::new(metadata);
                state.learnt = Some((Arc::clone(&metadata), now));
                state.keys = Arc::new(keys);
                state.failed = None;
                Ok(metadata)
            }
            Err(why) => {
                state.failed = Some(why.clone());
                Err(why)
            }
        }
    }

    async fn fetch(&self, web: &Arc<dyn Web>) -> Result<(Metadata, Vec<VerificationKey>), String> {
        let issuer = &self.settings.issuer;
        let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document = get(web, &at).await?;
        let metadata = Metadata::read(&document, issuer)?;
        let keys = get(web, metadata.keys()).await?;
        let keys = String::from_utf8(keys).map_err(|_| "its key set is no text".to_owned())?;
        Ok((metadata, set(&keys).map_err(|e| format!("its key set: {e}"))?))
    }
}

async fn get(web: &Arc<dyn Web>, at: &str) -> Result<Vec<u8>, String> {
    let request = http::Request::get(at).header(http::header::ACCEPT, "application/json").body(Vec::new());
    let answer = web.send(request.map_err(|e| format!("{at}: {e}"))?).await;
    let answer = answer.map_err(|e| format!("{at}: {e}"))?;
    match answer.status() {
        http::StatusCode::OK => Ok(answer.into_body()),
        status if status.is_redirection() => Err(format!("{at}: it answers {status}, and is not followed")),
        status => Err(format!("{at}: it answers {status}")),
    }
}

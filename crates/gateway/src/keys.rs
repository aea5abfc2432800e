//! Key sets behind URLs, fetched before they are needed and when a token names a key that is not here.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use guard::{EventSink, Record, Timestamp};
use identity::RemoteKeys;
use policy::Upstream;

use crate::upstream::{Connector, fetch};

/// The shortest time between two fetches, so that made-up key ids cannot make us flood an issuer.
const PAUSE: Duration = Duration::from_secs(10);
/// While there are no keys at all, every token is refused: try harder.
const RETRY: Duration = Duration::from_secs(2);
const LARGEST_SET: usize = 1024 * 1024;

/// Fetches a set again and again, until dropped.
pub(crate) async fn keep_fresh(remote: RemoteKeys, sink: Arc<dyn EventSink>) {
    let mut fetched_once = false;
    loop {
        let outcome = fetch_set(&remote).await;
        if let Err(reason) = &outcome {
            let message = format!("the key set {} cannot be had: {reason}", remote.url);
            sink.record(&Record::Notice { time: Timestamp(SystemTime::now()), message: &message });
        }
        fetched_once |= outcome.is_ok();
        if !fetched_once {
            tokio::time::sleep(RETRY).await;
            continue;
        }
        tokio::time::sleep(PAUSE).await;
        tokio::select! {
            () = tokio::time::sleep(remote.every.saturating_sub(PAUSE)) => {}
            () = remote.wanted() => {}
        }
    }
}

async fn fetch_set(remote: &RemoteKeys) -> Result<(), String> {
    let authority = remote.url.authority().map(|a| a.as_str()).unwrap_or_default();
    let scheme = remote.url.scheme_str().unwrap_or("https");
    let upstream: Upstream = format!("{scheme}://{authority}").parse()?;
    let connector =
        Connector::new([&upstream].into_iter(), Duration::from_secs(5)).map_err(|e| e.to_string())?;
    let path = remote.url.path_and_query().map_or("/", |p| p.as_str());
    let (status, body) = fetch(&connector, &upstream, path, LARGEST_SET).await.map_err(|e| e.to_string())?;
    if !status.is_success() {
        return Err(format!("answered {status}"));
    }
    let text = std::str::from_utf8(&body).map_err(|e| e.to_string())?;
    remote.update(text).map_err(|e| e.to_string())
}

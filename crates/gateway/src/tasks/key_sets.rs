//! Remote key sets (JWKS, RFC 7517): fetched periodically, and when a token names an unknown key.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use guard::{FanOut, Record, Timestamp};
use identity::RemoteKeys;
use policy::{HealthConfig, Upstream, UpstreamTls};

use crate::upstream::{Connector, HeadLimits, Target, fetch};

/// The shortest time between two fetches: invented key ids must not make the gateway flood an issuer.
const PAUSE: Duration = Duration::from_secs(10);
/// The time between two fetches until the first succeeds; without keys, every token is refused.
const RETRY: Duration = Duration::from_secs(2);
/// For one fetch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Of the answer.
const HEAD: HeadLimits = HeadLimits { fields: 100, bytes: 64 * 1024 };
/// Bytes of a key set.
const MAX_BYTES: usize = 1024 * 1024;

/// Keeps a key set fresh until the task is dropped.
pub(super) async fn keep_fresh(remote: RemoteKeys, sinks: Arc<FanOut>) {
    let mut fetched_once = false;
    loop {
        let fetched = fetch_set(&remote).await;
        if let Err(reason) = &fetched {
            let message = format!("cannot fetch the key set {}: {reason}", remote.url);
            sinks.record(&Record::Notice { time: Timestamp(SystemTime::now()), message: &message });
        }
        fetched_once |= fetched.is_ok();
        remote.rest();
        if !fetched_once {
            tokio::time::sleep(RETRY).await;
            continue;
        }
        tokio::time::sleep(PAUSE).await;
        tokio::select! {
            () = tokio::time::sleep(remote.every.saturating_sub(PAUSE)) => {}
            () = remote.requested() => {}
        }
    }
}

async fn fetch_set(remote: &RemoteKeys) -> Result<(), String> {
    let authority = remote.url.authority().map(|a| a.as_str()).unwrap_or_default();
    let scheme = remote.url.scheme_str().unwrap_or("https");
    let upstream: Upstream = format!("{scheme}://{authority}").parse()?;
    let connector = Connector::new([&upstream].into_iter(), &UpstreamTls::default(), HEAD);
    let connector = connector.map_err(|e| e.to_string())?;
    let target = Target::new(upstream, &HealthConfig::default());
    let path = remote.url.path_and_query().map_or("/", |p| p.as_str());
    let (status, body) =
        fetch(&connector, &target, path, &[], MAX_BYTES, TIMEOUT).await.map_err(|e| e.to_string())?;
    if !status.is_success() {
        return Err(format!("the issuer answered {status}"));
    }
    let text = std::str::from_utf8(&body).map_err(|e| e.to_string())?;
    remote.update(text).map_err(|e| e.to_string())
}

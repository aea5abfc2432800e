//! Log ins that GraphQL makes, where no path says so: of documents, and of stored ones that only their hashes name.

use std::time::Duration;

use inputs::graphql::stored_hashes;
use store::{FlagKey, millis};

use super::stage::is_exempt;
use super::taking::take_log_ins;
use crate::decision::Decision;
use crate::decision::ruling::Ruling;
use crate::exchange::Exchange;

/// How long a stored document is remembered that logs somebody in.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What may log somebody in.
pub(super) struct LogIns {
    /// By documents that can be seen.
    seen: u32,
    /// Whether the answer tells if it has failed.
    is_plain: bool,
    /// Requests of which some may name a stored document and no other.
    requests: usize,
    /// The hashes of stored documents.
    stored: Vec<String>,
}

/// What a request has that may log somebody in.
pub(super) fn log_ins(x: &Exchange<'_>, ruling: Ruling<'_>) -> Option<LogIns> {
    if x.route.is_login
        || x.route.is_no_login
        || ruling.engine.policy.rate.login.is_empty()
        || is_exempt(x, ruling)
    {
        return None;
    }
    let shape = x.graphql();
    let query = x.target.query().unwrap_or("").trim_start_matches('?');
    let stored = match &x.body {
        None => stored_hashes(query, None),
        Some(body) => body
            .readings()
            .map(|reading| stored_hashes(query, Some((reading, &body.decoded[..]))))
            .max_by_key(Vec::len)
            .unwrap_or_default(),
    };
    let seen = shape.map_or(0, |shape| u32::try_from(shape.log_ins).unwrap_or(u32::MAX));
    let is_plain = shape.is_some_and(|shape| shape.is_plain_log_in);
    let requests = shape.map_or(1, |shape| shape.requests);
    (seen > 0 || !stored.is_empty()).then_some(LogIns { seen, is_plain, requests, stored })
}

/// Takes as many from the limits of log ins. A document that is stored under a hash is remembered if it logs somebody in: later
/// requests name it by its hash alone.
pub(super) async fn take(x: &mut Exchange<'_>, ruling: Ruling<'_>, log_ins: LogIns) -> Decision {
    let LogIns { seen, mut is_plain, requests, stored } = log_ins;
    let flags = &ruling.state.stores.flags;
    let now = x.unix_millis();
    let is_any = |hash: &str| FlagKey::new("graphql log in", "", hash);
    let is_plain_one = |hash: &str| FlagKey::new("graphql plain log in", "", hash);
    let mut count = seen;
    if seen == 0 || requests > 1 {
        for hash in &stored {
            if flags.is_raised(is_any(hash), now).await.unwrap_or(false) {
                count = count.saturating_add(1);
                is_plain = flags.is_raised(is_plain_one(hash), now).await.unwrap_or(false);
            }
        }
    }
    if seen > 0 {
        let until = now.saturating_add(millis(REMEMBERED));
        for hash in &stored {
            let _ = flags.raise(is_any(hash), until).await;
            if is_plain {
                let _ = flags.raise(is_plain_one(hash), until).await;
            }
        }
    }
    match count {
        0 => Decision::Pass,
        // Of several in one request, one that succeeds does not forgive the others.
        _ => take_log_ins(x, ruling, count, count == 1 && is_plain).await,
    }
}

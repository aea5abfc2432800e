//! Log ins that GraphQL makes, where no path says so: of documents, and of stored ones that only their hashes name.

use inputs::graphql::stored;

use super::stage::is_exempt;
use super::taking::take_log_ins;
use crate::decision::Decision;
use crate::decision::ruling::Ruling;
use crate::exchange::Exchange;
use crate::stored_log_ins::{LogIn, count, is_its_document};

/// How often a request logs somebody in.
pub(super) struct LogIns {
    count: u32,
    /// Whether the answer tells if it has failed.
    is_plain: bool,
}

/// The log ins of a request, if there are any.
pub(super) fn log_ins(x: &Exchange<'_>, ruling: Ruling<'_>) -> Option<LogIns> {
    if x.route.is_login
        || x.route.is_no_login
        || ruling.engine.policy.rate.login.is_empty()
        || is_exempt(x, ruling)
    {
        return None;
    }
    let shape = x.graphql();
    let seen = shape.as_ref().map_or(0, count);
    let query = x.target.query().unwrap_or("").trim_start_matches('?');
    let named = match &x.body {
        None => stored(query, None),
        Some(body) => body
            .readings()
            .map(|reading| stored(query, Some((reading, &body.decoded[..]))))
            .max_by_key(Vec::len)
            .unwrap_or_default(),
    };
    let known = &ruling.state.stored_log_ins;
    if seen > 0 {
        named.iter().for_each(|stored| known.remember(stored));
    }
    let mut all = LogIns { count: seen, is_plain: shape.is_some_and(|shape| shape.is_plain_log_in) };
    // What is sent beside its own hash has been counted. Beside another text, or an empty one, the hash is what counts.
    for LogIn { log_ins, is_plain } in
        named.iter().filter(|stored| !is_its_document(stored)).filter_map(|stored| known.find(&stored.hash))
    {
        all = LogIns { count: all.count.saturating_add(log_ins), is_plain: is_plain && all.count == 0 };
    }
    (all.count > 0).then_some(all)
}

/// Takes as many from the limits of log ins. Of several in one request, one that succeeds does not forgive the others.
pub(super) async fn take(x: &mut Exchange<'_>, ruling: Ruling<'_>, log_ins: LogIns) -> Decision {
    take_log_ins(x, ruling, log_ins.count, log_ins.count == 1 && log_ins.is_plain).await
}

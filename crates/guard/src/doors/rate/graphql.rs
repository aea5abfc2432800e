//! Log ins that GraphQL makes, where no path says so: of documents, and of stored ones that only their hashes name.

use std::collections::HashMap;

use inputs::LogInBy;
use inputs::graphql::stored;

use super::stage::is_exempt;
use super::taking::{forget_failures, take_log_ins};
use crate::decision::Decision;
use crate::decision::ruling::Ruling;
use crate::exchange::Exchange;
use crate::stored_log_ins::{LogIn, names_another, sent};

/// How a request logs somebody in.
pub(super) struct LogIns {
    all: LogIn,
    /// Documents that the server may store now.
    stored: HashMap<[u8; 32], LogIn>,
}

/// The log ins of a request, if there are any.
pub(super) fn log_ins(x: &Exchange<'_>, ruling: Ruling<'_>) -> Option<LogIns> {
    let rate = &ruling.engine.policy.rate;
    let are_counted = !rate.login.is_empty() || rate.credential_stuffing.is_some();
    if x.route.is_no_login || !are_counted || is_exempt(x, ruling) {
        return None;
    }
    let seen = x.graphql().as_ref().and_then(LogIn::of);
    let query = x.target.query().unwrap_or("").trim_start_matches('?');
    let named = match &x.body {
        None => stored(query, None),
        Some(body) => body
            .readings()
            .map(|reading| stored(query, Some((reading, &body.decoded[..]))))
            .max_by_key(Vec::len)
            .unwrap_or_default(),
    };
    let stored = sent(&named);
    let known =
        |hash: &[u8; 32]| stored.get(hash).copied().or_else(|| ruling.state.stored_log_ins.find(hash));
    let by_hash = named.iter().filter_map(|stored| known(&names_another(stored)?));
    let all = seen.into_iter().chain(by_hash).reduce(LogIn::and)?;
    Some(LogIns { all, stored })
}

/// Takes as many from the limits of log ins. Of several in one request, one that succeeds does not forgive the others.
pub(super) async fn take(
    x: &mut Exchange<'_>,
    ruling: Ruling<'_>,
    LogIns { all, stored }: LogIns,
) -> Decision {
    let plain = all.plain.filter(|_| all.log_ins == 1);
    x.checks_password = plain == Some(LogInBy::Password);
    x.graphql_log_ins = all.log_ins;
    // The path of a log in has counted one.
    let more = if x.route.is_login { all.log_ins - 1 } else { all.log_ins };
    if x.route.is_login && plain.is_none() {
        forget_failures(x);
    }
    let decision = match more {
        0 => Decision::Pass,
        more => take_log_ins(x, ruling, more, plain.is_some()).await,
    };
    if matches!(decision, Decision::Pass) {
        ruling.state.stored_log_ins.remember(stored);
    }
    decision
}

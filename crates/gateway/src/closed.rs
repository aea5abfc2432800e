//! Connections that were closed before they were of use: counted each, and told together, so that a flood of them writes a
//! line in ten seconds and not one for each.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use guard::Metrics;
use parking_lot::Mutex;

use crate::descriptors;

/// The reason of those that wait in the kernel's queue.
pub(crate) const NO_PLACE: &str = "no place was free";

/// Between two notices.
const PAUSE: Duration = Duration::from_secs(10);

/// What was closed since the last notice, by reason.
#[derive(Default)]
pub(crate) struct Closed {
    since: Mutex<Since>,
}

#[derive(Default)]
struct Since {
    reasons: HashMap<&'static str, (u64, Option<IpAddr>)>,
    told: Option<Instant>,
}

impl Closed {
    /// A connection was closed for a reason.
    pub(crate) fn note(&self, metrics: &Metrics, reason: &'static str, peer: Option<IpAddr>) {
        metrics.connection_closed(reason);
        let mut since = self.since.lock();
        let (count, last) = since.reasons.entry(reason).or_default();
        *count += 1;
        *last = peer.or(*last);
    }

    /// What is to be told now: the first at once, the others together after a while.
    pub(crate) fn news(&self, now: Instant) -> Option<String> {
        let mut since = self.since.lock();
        if since.reasons.is_empty() || since.told.is_some_and(|told| now.duration_since(told) < PAUSE) {
            return None;
        }
        since.told = Some(now);
        let mut reasons: Vec<_> = std::mem::take(&mut since.reasons).into_iter().collect();
        reasons.sort_by_key(|(reason, (count, _))| (u64::MAX - count, *reason));
        let one = |(reason, (count, last)): (&str, (u64, Option<IpAddr>))| {
            let last = last.map_or(String::new(), |last| format!(" (last from {last})"));
            format!("{count}: {reason}{last}")
        };
        let mend = match reasons.iter().any(|(reason, _)| *reason == NO_PLACE) {
            true => format!(
                ". Raise `[gateway] max_connections`, and the limit of descriptors, which is {}: `LimitNOFILE=` of systemd, \
                 `ulimit -n`",
                descriptors::limit()
            ),
            false => String::new(),
        };
        let told = reasons.into_iter().map(one).collect::<Vec<_>>().join("; ");
        Some(format!("connections were closed or had to wait: {told}{mend}"))
    }
}

//! Connections that could not be accepted: counted each, and told now and then.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use guard::{Guard, Record, Timestamp};
use parking_lot::Mutex;

use crate::descriptors;

/// When such a failure was told last.
#[derive(Default)]
pub(crate) struct AcceptFailures {
    told: Mutex<Option<Instant>>,
}

/// Between two notices.
const PAUSE: Duration = Duration::from_secs(10);

impl AcceptFailures {
    pub(crate) fn note(&self, guard: &Guard, error: &io::Error) {
        // The client has left before it was accepted.
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return;
        }
        guard.metrics().accept_failures.inc();
        let mut told = self.told.lock();
        if told.is_some_and(|told| told.elapsed() < PAUSE) {
            return;
        }
        *told = Some(Instant::now());
        let message = format!(
            "connections cannot be accepted: {error}. The limit of descriptors is {}: raise it (`LimitNOFILE=` of systemd, \
             `ulimit -n`), or lower `[gateway] max_connections`",
            descriptors::limit()
        );
        guard.sinks().record(&Record::Notice { time: Timestamp(SystemTime::now()), message: &message });
    }
}

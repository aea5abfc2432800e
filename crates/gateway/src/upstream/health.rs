//! Which upstreams are worth trying: passive by failures of exchanges, active by asking.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use policy::Upstream;
use policy::config::HealthConfig;

use super::connect::{Connector, fetch};

/// The health of one upstream, shared by all workers.
#[derive(Debug)]
pub(crate) struct Health {
    origin: Instant,
    failures: AtomicU32,
    resting_until: AtomicU64,
    limit: u32,
    rest: Duration,
}

impl Health {
    pub(crate) fn new(config: &HealthConfig) -> Self {
        Health {
            origin: Instant::now(),
            failures: AtomicU32::new(0),
            resting_until: AtomicU64::new(0),
            limit: config.failures.max(1),
            rest: config.rest.0,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        let until = self.resting_until.load(Ordering::Relaxed);
        until == 0 || self.now() >= until
    }

    pub(crate) fn succeeded(&self) {
        // Read before writing: this is on the path of every request.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
            self.resting_until.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn failed(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= self.limit {
            self.resting_until.store(self.now() + self.rest.as_millis() as u64, Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        self.origin.elapsed().as_millis() as u64
    }
}

/// Asks an upstream again and again.
pub(crate) async fn watch(
    upstream: Upstream,
    health: Arc<Health>,
    config: HealthConfig,
    connector: Connector,
) {
    let Some(path) = config.path.clone() else { return };
    loop {
        tokio::time::sleep(config.interval.0).await;
        match fetch(&connector, &upstream, &path, 64 * 1024).await {
            Ok((status, _)) if status.as_u16() < 500 => health.succeeded(),
            _ => health.failed(),
        }
    }
}

//! Active health checks: requests to the health path of an upstream.

use std::sync::Arc;
use std::time::Duration;

use policy::HealthConfig;

use super::connect::{Connector, fetch};
use super::target::Target;

/// Bytes of an answer.
const MAX_BYTES: usize = 64 * 1024;

/// Requests the health path of an upstream periodically; returns at once if the policy has none.
pub(crate) async fn check(
    target: Arc<Target>,
    config: HealthConfig,
    connector: Connector,
    timeout: Duration,
) {
    let Some(path) = config.path.clone() else { return };
    loop {
        tokio::time::sleep(config.interval.0).await;
        match fetch(&connector, &target, &path, MAX_BYTES, timeout).await {
            Ok((status, _)) if status.as_u16() < 500 => target.health.succeeded(),
            _ => target.health.failed(),
        }
    }
}

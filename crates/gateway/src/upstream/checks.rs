//! Active health checks: requests to the health path of an upstream.

use std::io;
use std::sync::Arc;

use policy::HealthConfig;

use super::connect::{Connector, fetch};
use super::health::Change;
use super::target::Target;

/// Bytes of an answer.
const MAX_BYTES: usize = 64 * 1024;

/// Requests the health path of an upstream periodically; returns at once if the policy has none. `told` hears when the
/// upstream goes down or up.
pub(crate) async fn check(
    target: Arc<Target>,
    config: HealthConfig,
    connector: Connector,
    told: impl Fn(String),
) {
    let Some(path) = &config.path else { return };
    loop {
        tokio::time::sleep(config.interval.0).await;
        let asking = fetch(&connector, &target, path, &[], MAX_BYTES, config.timeout.0);
        let result = asking.await.and_then(|(status, _)| {
            match config.expected_status.iter().any(|range| range.contains(status)) {
                true => Ok(()),
                false => Err(io::Error::other(format!("the status is {status}"))),
            }
        });
        let upstream = &target.upstream;
        match (target.health.checked(result.is_ok()), result) {
            (Some(Change::Down), Err(why)) => {
                told(format!("the upstream {upstream} is down: GET {path}: {why}"))
            }
            (Some(Change::Up), _) => told(format!("the upstream {upstream} is up again")),
            _ => {}
        }
    }
}

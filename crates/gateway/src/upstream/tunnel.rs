//! Upgraded connections: bytes in both directions until one side ends or the tunnel is idle.

use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::activity::{Activity, ActivityStream};
use super::target::Lease;

/// Joins both sides of an upgrade once both are ready. The tunnel ends after `idle` without a byte.
pub(super) fn join(client: OnUpgrade, upstream: OnUpgrade, idle: Duration, lease: Lease) {
    tokio::spawn(async move {
        let _counts = lease;
        let Ok((client, upstream)) = tokio::try_join!(client, upstream) else { return };
        let mut client = ActivityStream::new(TokioIo::new(client));
        let mut upstream = TokioIo::new(upstream);
        let activity = client.activity();
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut upstream) => {}
            () = until_idle(&activity, idle) => {}
        }
    });
}

async fn until_idle(activity: &Activity, idle: Duration) {
    let mut before = activity.count();
    loop {
        tokio::time::sleep(idle).await;
        let now = activity.count();
        if now == before {
            return;
        }
        before = now;
    }
}

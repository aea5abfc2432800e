//! Upgraded connections: bytes in both directions until one side ends, the tunnel is idle, or the gateway has drained.

use std::sync::Arc;
use std::time::Duration;

use guard::Tunnel;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::activity::{Activity, ActivityStream};
use super::target::Lease;
use crate::place::Place;

/// The client's side of an upgrade. The tunnel keeps its connection's place among those that are open.
pub(crate) struct ClientSide {
    pub(crate) upgrade: OnUpgrade,
    pub(crate) place: Arc<Place>,
}

/// Joins both sides of an upgrade once both are ready. The tunnel ends after `idle` without a byte.
pub(super) fn join(client: ClientSide, upstream: OnUpgrade, idle: Duration, lease: Lease) -> Tunnel {
    let tunnel = Tunnel::default();
    let counted = tunnel.clone();
    tokio::spawn(async move {
        let _counts = lease;
        let ClientSide { upgrade, place } = client;
        let Ok((client, upstream)) = tokio::try_join!(upgrade, upstream) else { return };
        let _tunnelled = place.tunnelled();
        let mut client = ActivityStream::new(TokioIo::new(client), counted);
        let mut upstream = TokioIo::new(upstream);
        let activity = client.activity();
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut upstream) => {}
            () = until_idle(&activity, idle) => {}
        }
    });
    tunnel
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

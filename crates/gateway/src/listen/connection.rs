//! One client connection, whatever protocol it speaks: who the client is, and how a request gets to the guard.

use std::net::IpAddr;
use std::sync::Arc;

use guard::body::Outgoing;
use guard::framing::FramingError;
use guard::{ClientConnection, Engine, Peer, Transport};
use http::header::{AUTHORIZATION, UPGRADE};
use http::{Request, Response};
use hyper::upgrade::OnUpgrade;
use identity::Principal;
use policy::Destination;

use crate::accounts::{self, Bearer};
use crate::client_body::ClientBody;
use crate::place::Place;
use crate::state::Worker;
use crate::upstream::{ClientSide, UpstreamBody, forward};

/// A connection whose protocol is known.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) worker: Arc<Worker>,
    /// The client's address, or that of the last proxy before the gateway.
    pub(super) peer: IpAddr,
    pub(super) transport: Transport,
    /// What the lines of its requests say of it.
    pub(super) facts: ClientConnection,
    /// The policy when the connection was accepted; its limits hold until it ends.
    pub(super) engine: Arc<Engine>,
    pub(super) place: Arc<Place>,
}

impl Connection {
    pub(super) fn peer(&self, violation: Option<FramingError>) -> Peer {
        Peer { address: self.peer.to_canonical(), transport: self.transport, violation }
    }
}

/// Passes one request through the guard, under the policy in force now.
pub(super) async fn exchange(
    connection: Connection,
    violation: Option<FramingError>,
    mut request: Request<ClientBody>,
) -> Response<Outgoing<UpstreamBody>> {
    let peer = connection.peer(violation);
    let Connection { worker, facts, place, .. } = connection;
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let mut upgrade = upgrade.map(|upgrade| ClientSide { upgrade, place });
    if facts != ClientConnection::default() {
        request.extensions_mut().insert(facts);
    }
    let engine = worker.guard.engine();
    let pools = worker.pools(&engine);
    let guard = worker.guard.clone();
    guard
        .handle(request, peer, |request, client| {
            let (pools, engine) = (Arc::clone(&pools), Arc::clone(&engine));
            // Only the client's own request is upgraded, not the reads of objects that the guard adds.
            let upgrade = upgrade.take_if(|_| request.headers().contains_key(UPGRADE));
            let destination = request.extensions().get::<Arc<Destination>>();
            let is_own = destination.is_some_and(|destination| engine.policy.is_accounts(destination.group));
            let own = worker.state.accounts.as_ref().map(Arc::clone);
            async move {
                let mut request = request;
                if let Some(own) = own {
                    if is_own {
                        return accounts::answer(&own, client, request).await;
                    }
                    let principal: Option<Arc<Principal>> = request.extensions().get().map(Arc::clone);
                    if let (Some((name, audience)), Some(principal)) =
                        (&engine.policy.auth.forward_token, &principal)
                    {
                        let token = accounts::signed(&own, principal, audience)?;
                        request.headers_mut().insert(name, token);
                    }
                    match accounts::bearer(&own, client, principal).await? {
                        Bearer::None => {}
                        Bearer::Token(value) => drop(request.headers_mut().insert(AUTHORIZATION, value)),
                        Bearer::Ended => return Ok(accounts::ended()),
                    }
                }
                forward(&pools, &engine.policy, &peer, client, upgrade, request).await
            }
        })
        .await
}

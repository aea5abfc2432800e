//! An axum service with Doorward inside. `cargo run -p tower-doorward --example axum`, then try
//! `curl -i 'http://127.0.0.1:4000/hello?name=%27%20OR%20%271%27=%271'`.

#![allow(clippy::print_stdout)]

use std::io::stdout;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use guard::{FanOut, Guard, LineWriter};
use tower_doorward::{DoorwardLayer, PeerAddress};

/// The service, guarded by a policy.
pub(crate) fn app(policy: policy::Policy) -> Result<Router, Box<dyn std::error::Error>> {
    let stores = guard::open_stores(&policy)?;
    let log = Arc::new(LineWriter::new(stdout()));
    let guard = Guard::new(policy, stores, FanOut::new().events(log.clone()).access(log))?;
    // The last layer runs first: it adds the address before the doors need it.
    Ok(Router::new().route("/hello", get(|| async { "hello" })).layer(DoorwardLayer::new(guard)).layer(
        from_fn(
            |ConnectInfo(address): ConnectInfo<SocketAddr>, mut request: Request, next: Next| async move {
                request.extensions_mut().insert(PeerAddress(address.ip()));
                next.run(request).await
            },
        ),
    ))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = policy::load(&policy::Inputs::default())?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:4000").await?;
    println!("http://{}/hello", listener.local_addr()?);
    axum::serve(listener, app(policy)?.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

//! The guard as a [`tower_layer::Layer`], for services that would rather have Doorward inside than in front.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # fn sink() -> Arc<dyn guard::EventSink> { unimplemented!() }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = policy::load(&policy::Inputs { file: Some("doorward.toml".into()), ..Default::default() })?;
//! let guard = guard::Guard::new(policy, sink())?;
//! let app: axum::Router = axum::Router::new().layer(tower_doorward::DoorwardLayer::new(guard));
//! # Ok(())
//! # }
//! ```
//!
//! The peer's address comes from [`PeerAddress`] in the request's extensions; a request without one is refused the
//! trust of a proxy: its address is unspecified. With axum, see `examples/axum.rs`.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use guard::body::{BoxError, Forwarded, Outgoing};
use guard::{ForwardError, Guard, Peer, Transport};
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

/// The address of the other end of the connection, put into the request's extensions by whoever accepted it.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub IpAddr);

/// Puts the guard around a service.
#[derive(Clone)]
pub struct DoorwardLayer {
    guard: Guard,
}

impl DoorwardLayer {
    /// A layer with a guard.
    pub fn new(guard: Guard) -> Self {
        DoorwardLayer { guard }
    }
}

impl<S> Layer<S> for DoorwardLayer {
    type Service = Doorward<S>;

    fn layer(&self, inner: S) -> Doorward<S> {
        Doorward { guard: self.guard.clone(), inner }
    }
}

/// A service behind the guard.
#[derive(Clone)]
pub struct Doorward<S> {
    guard: Guard,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Doorward<S>
where
    S: Service<Request<Forwarded<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<Outgoing<R>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The inner service is asked when a request has passed the doors.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let address = request
            .extensions()
            .get::<PeerAddress>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        let transport = match request.uri().scheme_str() {
            Some("https") => Transport::Tls,
            _ => Transport::Plain,
        };
        let peer = Peer { address, transport, violation: None };
        let (guard, inner) = (self.guard.clone(), self.inner.clone());
        Box::pin(async move {
            let forward = move |request, _client| {
                let mut inner = inner.clone();
                async move {
                    std::future::poll_fn(|cx| inner.poll_ready(cx)).await.map_err(broken)?;
                    inner.call(request).await.map_err(broken)
                }
            };
            Ok(guard.handle(request, peer, forward).await)
        })
    }
}

fn broken(error: impl Into<BoxError>) -> ForwardError {
    ForwardError::Broken(error.into().to_string())
}

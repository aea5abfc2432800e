//! Doorward as a [`tower_layer::Layer`]: the guard inside a service instead of a gateway in front of it.
//!
//! ```
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use axum::{Router, routing::get};
//! use guard::{FanOut, Guard};
//! use tower::ServiceExt;
//! use tower_doorward::{DoorwardLayer, PeerAddress};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The default policy; `Inputs { file: Some("doorward.toml".into()), ..Default::default() }` reads a file.
//! let policy = policy::load(&policy::Inputs::default())?;
//! let stores = guard::open_stores(&policy)?;
//! let guard = Guard::new(policy, stores, FanOut::new())?;
//! let app = Router::new().route("/hello", get(|| async { "hello" })).layer(DoorwardLayer::new(guard));
//!
//! for (uri, status) in [
//!     ("/hello?name=O%27Brien", StatusCode::OK),
//!     ("/hello?name=%27+OR+%271%27=%271", StatusCode::FORBIDDEN),
//! ] {
//!     let request = Request::get(uri)
//!         .header("host", "localhost")
//!         .header("user-agent", "example")
//!         .extension(PeerAddress([127, 0, 0, 1].into()))
//!         .body(Body::empty())?;
//!     assert_eq!(app.clone().oneshot(request).await?.status(), status);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The client's address comes from [`PeerAddress`] in the request's extensions. Without it the address is 0.0.0.0: all
//! clients share one rate limit, and no proxy is trusted. `examples/axum.rs` shows how axum provides it.
//!
//! The features `cedar`, `rules`, `graphql`, `xml`, `redis`, `postgres` and `sqlite` are on by default, as in the gateway.
//! `default-features = false` leaves them out: then the layer brings a third fewer crates. A policy that names what was left
//! out is refused when it is loaded, with its line and the feature to turn on; without `graphql` and `xml` such bodies are
//! judged as one text each.

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

/// The address of the other end of the connection. The server that accepts the connection adds it to the request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub IpAddr);

/// Wraps a service in the guard.
#[derive(Clone)]
pub struct DoorwardLayer {
    guard: Guard,
}

impl DoorwardLayer {
    /// A layer with this guard. Clones of the guard share their state.
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
        // The inner service has to be ready only once a request has passed the doors.
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

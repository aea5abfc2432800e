//! The admin listener: `/metrics`, `/healthz` and `/readyz`, on an address of its own, loopback by default.

mod socket;
mod talk;

pub(crate) use socket::Socket;
pub use socket::{AttackNote, BanNote, Status};
pub use talk::{AdminSocket, Done};

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use guard::Exposition;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use crate::descriptors::Reserve;
use crate::state::State;

/// Serves until the runtime ends. It also does when the process is out of descriptors: a few are kept for it.
pub(crate) async fn serve(listener: StdListener, state: Arc<State>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let reserve = Reserve::new();
    loop {
        let (stream, keep_alive) = match listener.accept().await {
            Ok((stream, _)) => (stream, true),
            // In place of a descriptor that was kept, the connection gets one, for one request.
            Err(_) => {
                reserve.release();
                match now(&listener).await {
                    Some(stream) => (stream, false),
                    None => {
                        reserve.fill();
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        continue;
                    }
                }
            }
        };
        let (state, reserve) = (Arc::clone(&state), reserve.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let response = respond(&state, &request);
                async move { Ok::<_, Infallible>(response) }
            });
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(10))
                .keep_alive(keep_alive)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            reserve.fill();
        });
    }
}

/// A connection that waits already.
async fn now(listener: &TcpListener) -> Option<TcpStream> {
    let accepted = poll_fn(|cx| Poll::Ready(listener.poll_accept(cx))).await;
    match accepted {
        Poll::Ready(Ok((stream, _))) => Some(stream),
        _ => None,
    }
}

fn respond(state: &State, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, kind, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => (StatusCode::OK, "text/plain", "ok\n".to_owned()),
        (&Method::GET, "/readyz") => match state.unready() {
            None => (StatusCode::OK, "text/plain", "ready\n".to_owned()),
            Some(why) => (StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("{why}\n")),
        },
        (&Method::GET, "/metrics") => {
            let guard = &state.guard;
            let accept = request.headers().get_all(ACCEPT).iter();
            let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
            let exposition = Exposition::asked_for(&accept.join(","));
            let text = guard.metrics().text(exposition, guard.sinks().dropped());
            (StatusCode::OK, exposition.content_type(), text)
        }
        _ => (StatusCode::NOT_FOUND, "text/plain", "/healthz, /readyz, /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

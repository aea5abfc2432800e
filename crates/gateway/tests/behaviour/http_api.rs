//! An upstream that speaks what a test wants: HTTP/1.1 or HTTP/2, over TLS or not, with tunnels or without.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderName, HeaderValue, UPGRADE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What an upstream speaks.
#[derive(Clone, Default)]
pub(crate) struct Speaks {
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// HTTP/2 by prior knowledge; over TLS, ALPN decides.
    pub(crate) http2: bool,
    /// Extended CONNECT over HTTP/2 (RFC 8441).
    pub(crate) tunnels: bool,
}

/// A running upstream. A request is answered with as many fields as its path says, `/fields/FIELDS/BYTES`; a tunnel gets back
/// what it sends.
pub(crate) struct HttpApi {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl HttpApi {
    pub(crate) fn start(speaks: Speaks) -> HttpApi {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let api = HttpApi { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = Arc::clone(&api.seen);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(accept(listener, speaks, seen));
        });
        api
    }

    /// Version, method and path of the requests until now, and the name that TLS asked for.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

async fn accept(listener: std::net::TcpListener, speaks: Speaks, seen: Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        let (speaks, seen) = (speaks.clone(), Arc::clone(&seen));
        tokio::spawn(async move {
            match &speaks.tls {
                None => serve(stream, speaks.http2, speaks.tunnels, "", &seen).await,
                Some(config) => {
                    let Ok(stream) = TlsAcceptor::from(Arc::clone(config)).accept(stream).await else {
                        return;
                    };
                    let session = stream.get_ref().1;
                    let http2 = session.alpn_protocol() == Some(b"h2");
                    let name = session.server_name().unwrap_or_default().to_owned();
                    serve(stream, http2, speaks.tunnels, &name, &seen).await;
                }
            }
        });
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http2: bool,
    tunnels: bool,
    name: &str,
    seen: &Mutex<Vec<String>>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let line = format!("{:?} {} {} {name}", request.version(), request.method(), request.uri().path());
        seen.lock().unwrap().push(line.trim_end().to_owned());
        async move { Ok::<_, Infallible>(answer(request)) }
    });
    let io = TokioIo::new(stream);
    if http2 {
        let mut server = http2::Builder::new(TokioExecutor::new());
        if tunnels {
            server.enable_connect_protocol();
        }
        let _ = server.max_header_list_size(1 << 20).serve_connection(io, service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(io, service).with_upgrades().await;
    }
}

fn answer(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(""));
    let asks = request.headers().contains_key(UPGRADE);
    if asks || request.method() == Method::CONNECT {
        let tunnel = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let Ok(tunnel) = tunnel.await else { return };
            let (mut reading, mut writing) = tokio::io::split(TokioIo::new(tunnel));
            let _ = tokio::io::copy(&mut reading, &mut writing).await;
        });
        if asks {
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        }
        return response;
    }
    let mut numbers = request.uri().path().split('/').filter_map(|part| part.parse::<usize>().ok());
    if let (Some(fields), Some(bytes)) = (numbers.next(), numbers.next()) {
        for field in 0..fields {
            let name = HeaderName::from_bytes(format!("x-field-{field}").as_bytes()).unwrap();
            response.headers_mut().insert(name, "a".repeat(bytes).parse().unwrap());
        }
    }
    response
}

//! Connections to an upstream: TCP, TLS or a Unix socket, with HTTP/1.1 or HTTP/2 on top.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Body;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use policy::{Endpoint, Protocol, Upstream, UpstreamTls};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::dial::{Dialled, dial};
use super::heard::Heard;
use super::socket::Socket;
use super::target::Target;
use crate::tls::{self, TlsError};

/// Opens connections.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: Option<TlsConnectors>,
    limits: HeadLimits,
}

/// What the head of an answer may have.
#[derive(Clone, Copy)]
pub(crate) struct HeadLimits {
    pub(crate) fields: usize,
    pub(crate) bytes: usize,
}

/// A connector for each list of protocols that may be offered.
#[derive(Clone)]
struct TlsConnectors {
    either: TlsConnector,
    http1: TlsConnector,
    http2: TlsConnector,
    /// The name of the upstreams, if it is not that of their URL.
    server_name: Option<String>,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Requests,
    /// A tunnel, which HTTP/1.1 is for unless the policy prescribes another protocol.
    Upgrade,
}

/// An open connection.
pub(super) struct Connected<B> {
    pub(super) sender: Sender<B>,
    pub(super) link: Link,
}

pub(super) enum Sender<B> {
    Http1(http1::SendRequest<B>),
    Http2(http2::SendRequest<B>, Tunnels),
}

/// Whether the other side of an HTTP/2 connection takes an extended CONNECT (RFC 8441). It says so in its first frame.
#[derive(Clone, Default)]
pub(super) struct Tunnels(Arc<Offer>);

#[derive(Default)]
struct Offer {
    is_made: AtomicBool,
    /// The task of the connection, which alone can look.
    looker: AtomicWaker,
}

impl Tunnels {
    /// Whether they are offered, as far as is known. Somebody who is told that they are not may ask again a little later.
    pub(super) fn are_offered(&self) -> bool {
        let is_made = self.0.is_made.load(Ordering::Relaxed);
        if !is_made {
            self.0.looker.wake();
        }
        is_made
    }
}

/// What is known of a connection besides its protocol.
pub(super) struct Link {
    pub(super) socket: Socket,
    /// The other end, if it is reached over TCP.
    pub(super) address: Option<SocketAddr>,
    pub(super) opened: Instant,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Connector {
    /// A connector that can reach these upstreams.
    pub(crate) fn new<'u>(
        mut upstreams: impl Iterator<Item = &'u Upstream>,
        tls: &UpstreamTls,
        limits: HeadLimits,
    ) -> Result<Self, TlsError> {
        if !upstreams.any(Upstream::is_tls) {
            return Ok(Connector { tls: None, limits });
        }
        let config = tls::client_config(tls)?;
        let offering = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|p| p.to_vec()).collect();
            TlsConnector::from(Arc::new(config))
        };
        let connectors = TlsConnectors {
            either: offering(&[b"h2", b"http/1.1"]),
            http1: offering(&[b"http/1.1"]),
            http2: offering(&[b"h2"]),
            server_name: tls.server_name.clone(),
        };
        Ok(Connector { tls: Some(connectors), limits })
    }

    /// Opens a connection to the first of an upstream's addresses that answers, within the timeout.
    pub(super) async fn connect<B>(
        &self,
        target: &Target,
        addresses: &[SocketAddr],
        purpose: Purpose,
        timeout: Duration,
    ) -> io::Result<Connected<B>>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let connecting = async {
            let (socket, address) = match &target.upstream.endpoint {
                Endpoint::Unix(path) => (Socket::Unix(Arc::new(UnixStream::connect(path).await?)), None),
                Endpoint::Tcp { .. } => {
                    let Dialled { stream, address, worse } = dial(addresses).await?;
                    worse.iter().for_each(|address| target.rest(*address));
                    stream.set_nodelay(true)?;
                    (Socket::Tcp(Arc::new(stream)), Some(address))
                }
            };
            let link = Link { socket: socket.clone(), address, opened: Instant::now() };
            let sender = self.handshake(&target.upstream, socket, purpose).await?;
            Ok(Connected { sender, link })
        };
        tokio::time::timeout(timeout, connecting).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
    }

    /// TLS, if the upstream speaks it, and HTTP.
    async fn handshake<B>(
        &self,
        upstream: &Upstream,
        socket: Socket,
        purpose: Purpose,
    ) -> io::Result<Sender<B>>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let socket = Heard::new(socket);
        let Endpoint::Tcp { tls: true, authority, .. } = &upstream.endpoint else {
            return match upstream.protocol {
                Protocol::Http2 => http2(socket, self.limits).await,
                Protocol::Auto | Protocol::Http1 => http1(socket, self.limits).await,
            };
        };
        let Some(tls) = &self.tls else { return Err(io::Error::other("no TLS connector")) };
        let connector = match (upstream.protocol, purpose) {
            (Protocol::Http2, _) => &tls.http2,
            (Protocol::Auto, Purpose::Requests) => &tls.either,
            (Protocol::Auto, Purpose::Upgrade) | (Protocol::Http1, _) => &tls.http1,
        };
        let host = tls.server_name.as_deref().unwrap_or(authority.host()).trim_matches(['[', ']']);
        let name = rustls_pki_types::ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = connector.connect(name, socket).await.map_err(tls::with_mend)?;
        match (stream.get_ref().1.alpn_protocol(), upstream.protocol) {
            (Some(b"h2"), _) => http2(stream, self.limits).await,
            (_, Protocol::Http2) => Err(io::Error::other("the server does not choose HTTP/2 (ALPN)")),
            _ => http1(stream, self.limits).await,
        }
    }
}

async fn http1<B>(stream: impl Stream + 'static, limits: HeadLimits) -> io::Result<Sender<B>>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Bytes that are read at once of a large answer, at most.
    const BUFFER: usize = 400 * 1024;
    let (sender, connection) = http1::Builder::new()
        .max_headers(limits.fields)
        .max_header_size(limits.bytes)
        .max_buf_size(limits.bytes.max(BUFFER))
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(connection.with_upgrades());
    Ok(Sender::Http1(sender))
}

async fn http2<B>(stream: impl Stream + 'static, limits: HeadLimits) -> io::Result<Sender<B>>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Bytes of an answer that wait for their client.
    const STREAM_WINDOW: u32 = 512 * 1024;
    /// The most that there can be (RFC 9113 §6.9.1). What waits on one stream counts against it: were it smaller, clients
    /// that do not read would stop the answers of all others on the connection.
    const CONNECTION_WINDOW: u32 = (1 << 31) - 1;
    // The parser breaks a stream off without a reason: what is not far beyond the limit is refused by `attempt`.
    let list = u32::try_from(limits.bytes.saturating_mul(2)).unwrap_or(u32::MAX);
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(list)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let tunnels = Tunnels::default();
    let (mut connection, noted) = (connection, tunnels.clone());
    tokio::spawn(poll_fn(move |cx| {
        noted.0.looker.register(cx.waker());
        let poll = Pin::new(&mut connection).poll(cx);
        noted.0.is_made.store(connection.is_extended_connect_protocol_enabled(), Ordering::Relaxed);
        poll
    }));
    Ok(Sender::Http2(sender, tunnels))
}

/// One GET on a connection of its own, for health checks, key sets and the like. The body may have at most `limit` bytes.
pub(crate) async fn fetch(
    connector: &Connector,
    target: &Target,
    path: &str,
    headers: &[(&'static str, &'static str)],
    limit: usize,
    timeout: Duration,
) -> io::Result<(StatusCode, Bytes)> {
    let request =
        headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    let request = request.body(Full::default()).map_err(io::Error::other)?;
    let response = ask(connector, target, request, limit, timeout).await?;
    Ok((response.status(), response.into_body()))
}

/// One request on a connection of its own; its address is a path. The body of the answer may have at most `limit` bytes.
pub(crate) async fn ask(
    connector: &Connector,
    target: &Target,
    mut request: Request<Full<Bytes>>,
    limit: usize,
    timeout: Duration,
) -> io::Result<Response<Bytes>> {
    let exchange = async {
        let addresses = target.addresses().await?;
        let connected =
            connector.connect::<Full<Bytes>>(target, &addresses, Purpose::Requests, timeout).await?;
        let authority = target.upstream.authority();
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("doorward"));
        let response = match connected.sender {
            Sender::Http1(mut sender) => {
                let host = HeaderValue::try_from(authority).map_err(io::Error::other)?;
                request.headers_mut().insert(HOST, host);
                sender.send_request(request).await
            }
            Sender::Http2(mut sender, _) => {
                let scheme = if target.upstream.is_tls() { "https" } else { "http" };
                let uri = format!("{scheme}://{authority}{}", request.uri());
                *request.uri_mut() = uri.parse().map_err(io::Error::other)?;
                sender.send_request(request).await
            }
        }
        .map_err(io::Error::other)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, limit).collect().await.map_err(io::Error::other)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

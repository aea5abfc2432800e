//! Connections to an upstream: TCP, TLS or a Unix socket, with HTTP/1.1 or HTTP/2 on top.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Body;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use policy::{Endpoint, Protocol, Upstream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::dial::{Dialled, dial};
use super::socket::Socket;
use super::target::Target;
use crate::tls::{self, TlsError};

/// Opens connections.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: Option<TlsConnectors>,
}

/// A connector for each list of protocols that may be offered.
#[derive(Clone)]
struct TlsConnectors {
    either: TlsConnector,
    http1: TlsConnector,
    http2: TlsConnector,
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
    Http2(http2::SendRequest<B>),
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
    pub(crate) fn new<'u>(mut upstreams: impl Iterator<Item = &'u Upstream>) -> Result<Self, TlsError> {
        if !upstreams.any(Upstream::is_tls) {
            return Ok(Connector { tls: None });
        }
        let config = tls::client_config()?;
        let offering = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|p| p.to_vec()).collect();
            TlsConnector::from(Arc::new(config))
        };
        let tls = TlsConnectors {
            either: offering(&[b"h2", b"http/1.1"]),
            http1: offering(&[b"http/1.1"]),
            http2: offering(&[b"h2"]),
        };
        Ok(Connector { tls: Some(tls) })
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
        let Endpoint::Tcp { tls: true, authority, .. } = &upstream.endpoint else {
            return match upstream.protocol {
                Protocol::Http2 => http2(socket).await,
                Protocol::Auto | Protocol::Http1 => http1(socket).await,
            };
        };
        let Some(tls) = &self.tls else { return Err(io::Error::other("no TLS connector")) };
        let connector = match (upstream.protocol, purpose) {
            (Protocol::Http2, _) => &tls.http2,
            (Protocol::Auto, Purpose::Requests) => &tls.either,
            (Protocol::Auto, Purpose::Upgrade) | (Protocol::Http1, _) => &tls.http1,
        };
        let host = authority.host().trim_matches(['[', ']']);
        let name = rustls_pki_types::ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = connector.connect(name, socket).await?;
        match (stream.get_ref().1.alpn_protocol(), upstream.protocol) {
            (Some(b"h2"), _) => http2(stream).await,
            (_, Protocol::Http2) => Err(io::Error::other("the server does not choose HTTP/2 (ALPN)")),
            _ => http1(stream).await,
        }
    }
}

async fn http1<B>(stream: impl Stream + 'static) -> io::Result<Sender<B>>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection.with_upgrades());
    Ok(Sender::Http1(sender))
}

async fn http2<B>(stream: impl Stream + 'static) -> io::Result<Sender<B>>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// Bytes of an answer that wait for their client.
    const STREAM_WINDOW: u32 = 512 * 1024;
    /// The most that there can be (RFC 9113 §6.9.1). What waits on one stream counts against it: were it smaller, clients
    /// that do not read would stop the answers of all others on the connection.
    const CONNECTION_WINDOW: u32 = (1 << 31) - 1;
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(Sender::Http2(sender))
}

/// One GET on a connection of its own, for health checks and key sets. The body may have at most `limit` bytes.
pub(crate) async fn fetch(
    connector: &Connector,
    target: &Target,
    path: &str,
    limit: usize,
    timeout: Duration,
) -> io::Result<(StatusCode, Bytes)> {
    let exchange = async {
        let addresses = target.addresses().await?;
        let connected =
            connector.connect::<Empty<Bytes>>(target, &addresses, Purpose::Requests, timeout).await?;
        let authority = target.upstream.authority();
        let request = Request::get(path).header(USER_AGENT, "doorward");
        let response = match connected.sender {
            Sender::Http1(mut sender) => {
                let request = request.header(HOST, authority).body(Empty::new()).map_err(io::Error::other)?;
                sender.send_request(request).await
            }
            Sender::Http2(mut sender) => {
                let scheme = if target.upstream.is_tls() { "https" } else { "http" };
                let uri = format!("{scheme}://{authority}{path}");
                let request = request.uri(uri).body(Empty::new()).map_err(io::Error::other)?;
                sender.send_request(request).await
            }
        }
        .map_err(io::Error::other)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), limit).collect().await.map_err(io::Error::other)?;
        Ok((status, body.to_bytes()))
    };
    tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

//! Connections to an upstream: TCP, TLS or a Unix socket, with HTTP/1.1 or HTTP/2 on top.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Body;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use policy::Upstream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::tls::{self, TlsError};

/// Opens connections.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: Option<TlsConnector>,
    timeout: Duration,
}

/// An open connection.
pub(super) enum UpstreamConnection<B> {
    Http1(http1::SendRequest<B>),
    Http2(http2::SendRequest<B>),
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Connector {
    /// A connector that can reach these upstreams. `timeout` covers the connect and the TLS handshake.
    pub(crate) fn new<'u>(
        mut upstreams: impl Iterator<Item = &'u Upstream>,
        timeout: Duration,
    ) -> Result<Self, TlsError> {
        let needs_tls = upstreams.any(|u| matches!(u, Upstream::Tcp { tls: true, .. }));
        let tls = if needs_tls { Some(tls::connector(&[b"h2", b"http/1.1"])?) } else { None };
        Ok(Connector { tls, timeout })
    }

    /// Opens a connection within the timeout.
    pub(super) async fn connect<B>(&self, upstream: &Upstream) -> io::Result<UpstreamConnection<B>>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let connecting = async {
            match upstream {
                Upstream::Unix(path) => http1(UnixStream::connect(path).await?).await,
                Upstream::Tcp { tls, http2: prior_knowledge, authority, port } => {
                    let host = authority.host().trim_matches(['[', ']']);
                    let stream = TcpStream::connect((host, *port)).await?;
                    stream.set_nodelay(true)?;
                    match (tls, &self.tls) {
                        (false, _) if *prior_knowledge => http2(stream).await,
                        (false, _) => http1(stream).await,
                        (true, Some(connector)) => {
                            let name = rustls_pki_types::ServerName::try_from(host.to_owned())
                                .map_err(io::Error::other)?;
                            let stream = connector.connect(name, stream).await?;
                            match stream.get_ref().1.alpn_protocol() {
                                Some(b"h2") => http2(stream).await,
                                _ => http1(stream).await,
                            }
                        }
                        (true, None) => Err(io::Error::other("no TLS connector")),
                    }
                }
            }
        };
        tokio::time::timeout(self.timeout, connecting).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
    }
}

async fn http1<B>(stream: impl Stream + 'static) -> io::Result<UpstreamConnection<B>>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection.with_upgrades());
    Ok(UpstreamConnection::Http1(sender))
}

async fn http2<B>(stream: impl Stream + 'static) -> io::Result<UpstreamConnection<B>>
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
    Ok(UpstreamConnection::Http2(sender))
}

/// One GET on a connection of its own, for health checks and key sets. The body may have at most `limit` bytes.
pub(crate) async fn fetch(
    connector: &Connector,
    upstream: &Upstream,
    path: &str,
    limit: usize,
) -> io::Result<(StatusCode, Bytes)> {
    let exchange = async {
        let sender = connector.connect::<Empty<Bytes>>(upstream).await?;
        let (scheme, authority) = match upstream {
            Upstream::Tcp { tls, authority, .. } => (if *tls { "https" } else { "http" }, authority.as_str()),
            Upstream::Unix(_) => ("http", "localhost"),
        };
        let request = Request::get(path).header(USER_AGENT, "doorward");
        let response = match sender {
            UpstreamConnection::Http1(mut sender) => {
                let request = request.header(HOST, authority).body(Empty::new()).map_err(io::Error::other)?;
                sender.send_request(request).await
            }
            UpstreamConnection::Http2(mut sender) => {
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
    tokio::time::timeout(connector.timeout * 2, exchange).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

//! One client connection: PROXY protocol, TLS, HTTP/1.1 or HTTP/2, until it ends or the gateway drains.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use guard::body::Outgoing;
use guard::framing::HeadLimits;
use guard::{Engine, Peer, Transport};
use http::header::UPGRADE;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use policy::config::ProxyProtocol;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;

use crate::framed::{Framed, Owed, Shared, Tracked};
use crate::server::Worker;
use crate::shutdown::Token;
use crate::upstream::{UpstreamBody, forward};

/// RFC 9113 §3.4.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a connection that served may be idle: longer than load balancers keep theirs, so that they close first.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// Serves a connection from its first byte to its last.
pub(crate) async fn serve(worker: Arc<Worker>, stream: TcpStream, address: SocketAddr, token: Token) {
    let metrics = Arc::clone(worker.guard.metrics());
    metrics.connections.inc();
    // What goes wrong with a connection is between it and its peer; requests on it have had their answers.
    let _ = accept(worker, stream, address.ip(), token).await;
    metrics.connections.dec();
}

async fn accept(
    worker: Arc<Worker>,
    mut stream: TcpStream,
    mut peer: IpAddr,
    token: Token,
) -> io::Result<()> {
    let engine = worker.guard.engine();
    let patience = engine.policy.gateway.timeouts.head.0;
    stream.set_nodelay(true)?;
    if engine.policy.gateway.proxy_protocol == ProxyProtocol::Required {
        let trusted = engine.policy.gateway.trusted_proxies.iter().any(|network| network.contains(&peer));
        if !trusted {
            return Ok(());
        }
        peer = within(patience, proxy_header(&mut stream)).await?.unwrap_or(peer);
    }
    let tls = worker.common.tls.load_full();
    match tls.as_ref() {
        Some(acceptor) => {
            let stream = within(patience, acceptor.accept(stream)).await?;
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let connection = Connection { worker, peer, transport: Transport::Tls, engine };
            if is_http2 {
                connection.http2(stream, &[], token).await
            } else {
                connection.http1(stream, &[], token).await
            }
        }
        None => {
            let (read, is_http2) = within(patience, preface(&mut stream)).await?;
            let connection = Connection { worker, peer, transport: Transport::Plain, engine };
            if is_http2 {
                connection.http2(stream, &read, token).await
            } else {
                connection.http1(stream, &read, token).await
            }
        }
    }
}

/// Reads until it is clear whether HTTP/2 is spoken.
async fn preface(stream: &mut TcpStream) -> io::Result<(Vec<u8>, bool)> {
    let mut read = vec![0; 4096];
    let mut length = 0;
    loop {
        let count = stream.read(&mut read[length..]).await?;
        length += count;
        let compared = length.min(PREFACE.len());
        let may_be = read[..compared] == PREFACE[..compared];
        if count == 0 || !may_be || length >= PREFACE.len() {
            read.truncate(length);
            return Ok((read, may_be && length >= PREFACE.len()));
        }
    }
}

/// Reads a PROXY protocol header, v1 or v2. `None` for a connection of the proxy itself (`LOCAL`, `UNKNOWN`).
async fn proxy_header(stream: &mut TcpStream) -> io::Result<Option<IpAddr>> {
    /// The longest v2 header that is accepted, TLVs included.
    const LONGEST: usize = 4096;
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut buffer = [0; LONGEST];
    loop {
        let count = stream.peek(&mut buffer).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let parsed = ppp::HeaderResult::parse(&buffer[..count]);
        let (length, address) = match parsed {
            ppp::HeaderResult::V1(Ok(header)) => {
                let address = match header.addresses {
                    ppp::v1::Addresses::Tcp4(a) => Some(IpAddr::V4(a.source_address)),
                    ppp::v1::Addresses::Tcp6(a) => Some(IpAddr::V6(a.source_address)),
                    ppp::v1::Addresses::Unknown => None,
                };
                (header.header.len(), address)
            }
            ppp::HeaderResult::V2(Ok(header)) => {
                let address = match header.addresses {
                    ppp::v2::Addresses::IPv4(a) => Some(IpAddr::V4(a.source_address)),
                    ppp::v2::Addresses::IPv6(a) => Some(IpAddr::V6(a.source_address)),
                    _ => None,
                };
                (header.len(), address.filter(|_| header.command == ppp::v2::Command::Proxy))
            }
            incomplete => {
                use ppp::PartialResult;
                if !incomplete.is_incomplete() || count == LONGEST {
                    return Err(broken("no PROXY protocol header"));
                }
                // The rest is on its way: wait for a byte beyond what is here.
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
        };
        stream.read_exact(&mut buffer[..length]).await?;
        return Ok(address);
    }
}

async fn within<T>(patience: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(patience, work).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

struct Connection {
    worker: Arc<Worker>,
    peer: IpAddr,
    transport: Transport,
    engine: Arc<Engine>,
}

impl Connection {
    async fn http1<S>(self, stream: S, read: &[u8], mut token: Token) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = HeadLimits {
            bytes: self.engine.policy.protocol.max_head.as_usize(),
            fields: self.engine.policy.protocol.max_headers,
        };
        let patience = self.engine.policy.gateway.timeouts.head.0;
        let shared = Arc::new(Shared::default());
        let io = Framed::new(stream, read, limits, Arc::clone(&shared));
        let service = service_fn(|request: Request<Incoming>| {
            let violation = shared.next_request();
            let upgrades = request.headers().contains_key(UPGRADE);
            let shared = Arc::clone(&shared);
            // Boxed: what is large is moved once here, not at every step on its way into the connection.
            let answer = Box::pin(exchange(Arc::clone(&self.worker), self.peer(violation), request));
            async move {
                let response = answer.await;
                if upgrades {
                    shared.upgrade(response.status() == StatusCode::SWITCHING_PROTOCOLS);
                }
                Ok::<_, Infallible>(response.map(|body| Tracked::new(body, shared)))
            }
        });
        let connection = http1::Builder::new()
            .half_close(false)
            .max_headers(limits.fields + 1)
            .max_buf_size(limits.bytes.max(64 * 1024))
            .serve_connection(io, service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let mut watchdog = tokio::time::interval(patience / 2);
        watchdog.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                done = connection.as_mut() => return done.map_err(io::Error::other),
                () = token.draining() => break,
                _ = watchdog.tick() => {
                    shared.tick.fetch_add(1, Ordering::Relaxed);
                    // Three half periods: between one and one and a half times the time-out.
                    let too_long = match shared.owed() {
                        Owed::Nothing => false,
                        Owed::Head(ticks) => ticks >= 3,
                        Owed::Next(ticks) => patience / 2 * ticks >= KEEP_ALIVE.max(patience),
                    };
                    if too_long {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
            }
        }
        connection.as_mut().graceful_shutdown();
        connection.await.map_err(io::Error::other)
    }

    async fn http2<S>(self, stream: S, read: &[u8], mut token: Token) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let head_limit = self.engine.policy.protocol.max_head.as_usize();
        let io = TokioIo::new(Rewound { read: read.to_vec(), at: 0, stream });
        let service = service_fn(|request: Request<Incoming>| {
            let answer = exchange(Arc::clone(&self.worker), self.peer(None), request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(u32::try_from(head_limit).unwrap_or(u32::MAX))
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(20))
            .adaptive_window(true)
            .serve_connection(io, service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            done = connection.as_mut() => return done.map_err(io::Error::other),
            () = token.draining() => {}
        }
        connection.as_mut().graceful_shutdown();
        connection.await.map_err(io::Error::other)
    }

    fn peer(&self, violation: Option<guard::framing::FramingError>) -> Peer {
        Peer { address: self.peer, transport: self.transport, violation }
    }
}

/// One request, through the guard.
async fn exchange(
    worker: Arc<Worker>,
    peer: Peer,
    mut request: Request<Incoming>,
) -> Response<Outgoing<UpstreamBody>> {
    let mut on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let engine = worker.guard.engine();
    let pools = worker.pools(&engine);
    let guard = worker.guard.clone();
    guard
        .handle(request, peer, |request, client| {
            let (pools, engine) = (Arc::clone(&pools), Arc::clone(&engine));
            // Reads of objects that a request names are not what the client would upgrade.
            let upgrade = on_upgrade.take_if(|_| request.headers().contains_key(UPGRADE));
            async move { forward(&pools, &engine.policy, &peer, client, upgrade, request).await }
        })
        .await
}

/// A stream of which some bytes were read already.
struct Rewound<S> {
    read: Vec<u8>,
    at: usize,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewound<S> {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        if self.at < self.read.len() {
            let count = buf.remaining().min(self.read.len() - self.at);
            buf.put_slice(&self.read[self.at..self.at + count]);
            self.at += count;
            return std::task::Poll::Ready(Ok(()));
        }
        std::pin::Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewound<S> {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::pin::Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

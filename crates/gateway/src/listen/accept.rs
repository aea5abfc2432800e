//! From a listening socket to a connection that speaks HTTP.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use guard::{Peer, Transport};
use policy::ProxyProtocol;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::rustls::ProtocolVersion;

use super::connection::Connection;
use super::frame_budget::{SLOW_HEADERS, TOO_MANY_FRAMES};
use super::overheard::Overheard;
use super::patient::{DOES_NOT_READ, Patient, does_not_read};
use super::proxy_protocol::{self, Header};
use super::{http1, http2, preface};
use crate::closed::NO_PLACE;
use crate::place::Place;
use crate::shutdown::{Shutdown, Token};
use crate::state::Worker;
use crate::tls::{self, fingerprint};

/// Who else may listen on an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nobody so far; the workers of this gateway join in.
    First,
    /// Whoever listens there.
    Shared,
}

/// Binds an address so that each worker can have a listener of its own on it.
///
/// `SO_REUSEPORT` lets every process of the same user join in. So the first listener binds without it, which fails if
/// anybody is there, and takes it on only then.
pub(crate) fn bind(address: SocketAddr, claim: Claim) -> io::Result<StdListener> {
    /// Connections that may wait to be accepted.
    const BACKLOG: i32 = 4096;
    /// Bytes of an answer that the kernel takes before it sends them. By default it takes megabytes for a client that reads
    /// nothing, and tells of no progress until a third of them is read.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    const UNSENT: u32 = 128 * 1024;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(claim == Claim::Shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.set_reuse_port(true)?;
    // Accepted sockets inherit it.
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket.set_tcp_notsent_lowat(UNSENT)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts connections until the gateway drains. Each holds one of the `free` permits for as long as it lives.
pub(crate) async fn accept(
    worker: Arc<Worker>,
    listener: StdListener,
    free: Arc<Semaphore>,
    shutdown: Shutdown,
) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut token = shutdown.token();
    loop {
        if free.available_permits() == 0 {
            worker.state.closed.note(worker.guard.metrics(), NO_PLACE, None);
        }
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = token.draining() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                let place = Arc::new(Place::new(permit, shutdown.token(), worker.guard.metrics()));
                let (worker, token) = (Arc::clone(&worker), shutdown.token());
                tokio::spawn(async move {
                    // An I/O error concerns only this client; the requests on the connection have been answered.
                    let ended = negotiate(Arc::clone(&worker), stream, address.ip(), place, token).await;
                    if let Some(reason) = ended.err().and_then(|error| reason(&error)) {
                        worker.state.closed.note(worker.guard.metrics(), reason, Some(address.ip()));
                    }
                });
            }
            // Out of descriptors or the like: connections that end make room.
            Err(error) => {
                worker.state.accept_failures.note(&worker.guard, &error);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Finds out who the client is and which HTTP it speaks, then serves that from the first byte to the last.
async fn negotiate(
    worker: Arc<Worker>,
    mut stream: TcpStream,
    peer: IpAddr,
    place: Arc<Place>,
    token: Token,
) -> io::Result<()> {
    let engine = worker.guard.engine();
    let (timeout, write) = (engine.policy.gateway.timeouts.head.0, engine.policy.gateway.timeouts.write.0);
    stream.set_nodelay(true)?;
    let mut header = Header::default();
    if engine.policy.gateway.proxy_protocol == ProxyProtocol::Required {
        let dropped = |reason: String| {
            let peer = Peer { address: peer.to_canonical(), transport: Transport::Plain, violation: None };
            worker.guard.dropped(&peer, "proxy-protocol", reason);
        };
        let trusted = &engine.policy.gateway.trusted_proxies;
        if !trusted.iter().any(|network| network.contains(&peer.to_canonical())) {
            dropped("a connection that no proxy of [gateway] trusted_proxies made".into());
            return Ok(());
        }
        match within(timeout, proxy_protocol::read(&mut stream)).await {
            Ok(read) => header = read,
            Err(error) => {
                // Load balancers look whether a port is open, and say nothing.
                if error.kind() == io::ErrorKind::InvalidData {
                    dropped(format!("{error} ([gateway] proxy_protocol)"));
                }
                return Err(error);
            }
        }
    }
    let peer = header.client.unwrap_or(peer);
    let tls = worker.state.tls.load_full();
    let counted =
        match worker.state.clients.admit(peer, &engine.policy.gateway, tls.is_some(), Instant::now()) {
            Ok(counted) => counted,
            Err(excess) => {
                worker.state.closed.note(worker.guard.metrics(), excess.name(), Some(peer));
                return Ok(());
            }
        };
    place.of(counted);
    let is_tls = tls.is_some() || header.is_tls;
    let transport = if is_tls { Transport::Tls } else { Transport::Plain };
    let facts = header.facts;
    if !worker.guard.accept(&Peer { address: peer.to_canonical(), transport, violation: None }) {
        return Ok(());
    }
    let mut stream = Patient::new(stream, write);
    let stalled = stream.stalled();
    let mut connection = Connection {
        worker: Arc::clone(&worker),
        peer,
        transport,
        facts,
        engine: Arc::clone(&engine),
        place,
    };
    let served = match tls.as_ref() {
        Some(acceptor) => {
            let stream = Overheard::new(stream, fingerprint::LONGEST);
            let mut stream = within(timeout, acceptor.accept(stream)).await?;
            let hello = stream.get_mut().0.heard();
            let session = stream.get_ref().1;
            let facts = &mut connection.facts;
            facts.ja4 = fingerprint::ja4(&hello).map(Into::into);
            facts.tls = session.protocol_version().and_then(tls_version);
            facts.server_name = session.server_name().map(Into::into);
            let clients = engine.policy.gateway.tls.as_ref().and_then(|tls| tls.clients.as_ref());
            if let Some((clients, shown)) =
                clients.zip(session.peer_certificates().and_then(|chain| chain.first()))
            {
                facts.certificate = tls::clients::principal(shown, clients.subject).map(Arc::new);
            }
            let is_http2 = session.alpn_protocol() == Some(b"h2");
            if is_http2 {
                http2::serve(connection, stream, &[], token).await
            } else {
                http1::serve(connection, stream, &[], token).await
            }
        }
        None => {
            let (read, is_http2) = within(timeout, preface::read(&mut stream)).await?;
            if is_http2 {
                http2::serve(connection, stream, &read, token).await
            } else {
                http1::serve(connection, stream, &read, token).await
            }
        }
    };
    if stalled.is_so() {
        let peer = Peer { address: peer.to_canonical(), transport, violation: None };
        worker.guard.dropped(&peer, DOES_NOT_READ, does_not_read("a connection", write));
    }
    served
}

/// Why a connection was closed before its client was served, or in the middle of it, if that is worth telling.
fn reason(error: &io::Error) -> Option<&'static str> {
    if error.kind() == io::ErrorKind::TimedOut {
        return Some("no request came in time");
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>()
            && io.kind() == io::ErrorKind::QuotaExceeded
        {
            return Some(if io.to_string().contains(SLOW_HEADERS) { SLOW_HEADERS } else { TOO_MANY_FRAMES });
        }
        if error.to_string().contains("too_many") || error.to_string().contains("way_too_large") {
            return Some(TOO_MANY_FRAMES);
        }
        cause = error.source();
    }
    None
}

fn tls_version(version: ProtocolVersion) -> Option<&'static str> {
    match version {
        ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
        ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
        _ => None,
    }
}

async fn within<T>(timeout: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(timeout, work).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
}

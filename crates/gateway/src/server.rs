//! Workers, listeners, and the life of the process.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use guard::{Engine, Guard};
use parking_lot::Mutex;
use policy::Inputs;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::shutdown::Shutdown;
use crate::tls::TlsError;
use crate::upstream::{Connector, Health, Pools};
use crate::{admin, connection, reload, tls};

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// A certificate, key or root store is of no use.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A thread or runtime cannot be made.
    #[error("cannot start a worker: {0}")]
    Worker(io::Error),
}

/// What all workers share.
pub(crate) struct Common {
    pub(crate) guard: Guard,
    pub(crate) tls: ArcSwapOption<TlsAcceptor>,
    pub(crate) upstreams: Mutex<Upstreams>,
    pub(crate) shutdown: Shutdown,
}

/// The upstreams of a policy, with their health and how to reach them.
#[derive(Clone)]
pub(crate) struct Upstreams {
    pub(crate) health: Vec<Arc<Health>>,
    pub(crate) connector: Connector,
}

impl Upstreams {
    pub(crate) fn of(engine: &Engine) -> Result<Self, TlsError> {
        let gateway = &engine.policy.gateway;
        let connector = Connector::new(gateway.upstreams.iter(), gateway.timeouts.connect.0)?;
        let health = gateway.upstreams.iter().map(|_| Arc::new(Health::new(&gateway.health))).collect();
        Ok(Upstreams { health, connector })
    }
}

/// One worker thread's own.
pub(crate) struct Worker {
    pub(crate) guard: Guard,
    pub(crate) common: Arc<Common>,
    pools: Mutex<Option<(Arc<Engine>, Arc<Pools>)>>,
}

impl Worker {
    /// The connections for the upstreams of a policy. They outlive its exchanges, and go when it is replaced.
    pub(crate) fn pools(&self, engine: &Arc<Engine>) -> Arc<Pools> {
        let mut pools = self.pools.lock();
        match &*pools {
            Some((known, pools)) if Arc::ptr_eq(known, engine) => Arc::clone(pools),
            _ => {
                let upstreams = self.common.upstreams.lock().clone();
                let made =
                    Arc::new(Pools::new(&engine.policy.gateway, &upstreams.health, upstreams.connector));
                *pools = Some((Arc::clone(engine), Arc::clone(&made)));
                made
            }
        }
    }
}

/// A gateway that serves.
pub struct Gateway {
    common: Arc<Common>,
    addresses: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
    workers: Vec<JoinHandle<()>>,
    control: Runtime,
}

impl Gateway {
    /// Listens and serves, on threads of its own. `inputs` says what to read again when the policy is reloaded.
    ///
    /// # Errors
    /// When an address, certificate or thread cannot be had.
    pub fn start(guard: Guard, inputs: Inputs) -> Result<Gateway, StartError> {
        let engine = guard.engine();
        let gateway = &engine.policy.gateway;
        let acceptor = acceptor(&engine)?;
        let common = Arc::new(Common {
            guard,
            tls: ArcSwapOption::new(acceptor),
            upstreams: Mutex::new(Upstreams::of(&engine)?),
            shutdown: Shutdown::new(),
        });
        let count =
            gateway.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let mut addresses = Vec::new();
        let mut listeners: Vec<Vec<StdListener>> = (0..count).map(|_| Vec::new()).collect();
        for &address in &gateway.listen {
            let mut bound = address;
            for worker in &mut listeners {
                let listener = listen(bound).map_err(|e| StartError::Listen(bound, e))?;
                // Port 0 becomes a port; the other workers share it.
                bound = listener.local_addr().map_err(|e| StartError::Listen(bound, e))?;
                worker.push(listener);
            }
            addresses.push(bound);
        }
        let control =
            Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(StartError::Worker)?;
        let admin = match engine.policy.admin.enabled {
            true => {
                let address = engine.policy.admin.listen;
                let listener = listen(address).map_err(|e| StartError::Listen(address, e))?;
                let bound = listener.local_addr().map_err(|e| StartError::Listen(address, e))?;
                control.spawn(admin::serve(listener, common.guard.clone()));
                Some(bound)
            }
            false => None,
        };
        control.spawn(reload::watch(Arc::clone(&common), inputs));
        let mut workers = Vec::new();
        for listeners in listeners {
            let worker = Arc::new(Worker {
                guard: common.guard.clone(),
                common: Arc::clone(&common),
                pools: Mutex::default(),
            });
            let runtime = Builder::new_current_thread().enable_all().build().map_err(StartError::Worker)?;
            let thread = std::thread::Builder::new()
                .name("doorward-worker".into())
                .spawn(move || work(&runtime, &worker, listeners))
                .map_err(StartError::Worker)?;
            workers.push(thread);
        }
        Ok(Gateway { common, addresses, admin, workers, control })
    }

    /// The addresses that are listened on, in the order of the policy.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The address of the admin listener.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// Serves until SIGTERM or SIGINT, then drains.
    pub fn run_until_signal(self) {
        self.control.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut term), Ok(mut int)) =
                (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
            else {
                return;
            };
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        });
        self.shutdown();
    }

    /// Takes no new connections, lets those under way finish within the policy's time, and ends.
    pub fn shutdown(self) {
        let limit = self.common.guard.engine().policy.gateway.drain;
        self.common.shutdown.drain();
        self.control.block_on(async {
            let _ = tokio::time::timeout(limit, self.common.shutdown.idle()).await;
        });
        for worker in self.workers {
            let _ = worker.join();
        }
        self.control.shutdown_timeout(Duration::from_millis(100));
    }
}

/// The TLS side of a policy, when it has one.
pub(crate) fn acceptor(engine: &Engine) -> Result<Option<Arc<TlsAcceptor>>, TlsError> {
    let files = engine.policy.gateway.tls.as_ref();
    files.map(|(certificate, key)| tls::acceptor(certificate, key).map(Arc::new)).transpose()
}

fn listen(address: SocketAddr) -> io::Result<StdListener> {
    /// Connections that wait to be accepted.
    const BACKLOG: i32 = 4096;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The life of a worker thread: accept until draining, then wait for the connections that are left.
fn work(runtime: &Runtime, worker: &Arc<Worker>, listeners: Vec<StdListener>) {
    let shutdown = worker.common.shutdown.clone();
    let engine = worker.guard.engine();
    let (places, drain) = (engine.policy.gateway.max_connections, engine.policy.gateway.drain);
    drop(engine);
    let free = Arc::new(Semaphore::new(places));
    runtime.block_on(async {
        let accepting = listeners.into_iter().map(|listener| {
            tokio::spawn(accept(Arc::clone(worker), listener, Arc::clone(&free), shutdown.clone()))
        });
        futures_util::future::join_all(accepting.collect::<Vec<_>>()).await;
        // Every connection has a place; when all are free, all have ended.
        let all = u32::try_from(places).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(drain, free.acquire_many(all)).await;
    });
}

async fn accept(worker: Arc<Worker>, listener: StdListener, free: Arc<Semaphore>, shutdown: Shutdown) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut token = shutdown.token();
    loop {
        let Ok(place) = Arc::clone(&free).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = token.draining() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                let (worker, token) = (Arc::clone(&worker), shutdown.token());
                tokio::spawn(async move {
                    connection::serve(worker, stream, address, token).await;
                    drop(place);
                });
            }
            // Out of descriptors or the like: those that end make room.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

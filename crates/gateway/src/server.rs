//! Starts the workers and the listeners, and stops them.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use guard::Guard;
use policy::Inputs;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use crate::accounts::AccountsError;
use crate::descriptors::Descriptors;
use crate::listen::Claim;
use crate::output::Logs;
use crate::state::{State, Worker};
use crate::tls::TlsError;
use crate::{accounts, admin, descriptors, listen, supervisor, tasks};

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("cannot listen on {0}: {1}{mend}", mend = mend(*.0, .1.kind()))]
    Listen(SocketAddr, io::Error),
    /// Somebody listens on an address of `[gateway] listen` already.
    #[error(
        "cannot listen on {0}: another process listens there, perhaps another gateway; stop it, choose another `[gateway] \
         listen`, or write `[gateway] share_port = true` to share the connections with it"
    )]
    Taken(SocketAddr),
    /// Somebody listens on the address of the admin listener already.
    #[error(
        "cannot listen on {0}: another process listens there, perhaps the admin listener of another gateway; choose another \
         `[admin] listen`, or write `[admin] enabled = false`"
    )]
    AdminTaken(SocketAddr),
    /// The admin socket cannot be made.
    #[error("cannot listen on {path}: {1}; choose another `[admin] socket`", path = .0.display())]
    Socket(PathBuf, io::Error),
    /// A certificate, key or root store cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The user service cannot be used.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// A thread or runtime cannot be started.
    #[error("cannot start a worker: {0}")]
    Worker(io::Error),
}

/// What helps against an address that cannot be bound.
fn mend(address: SocketAddr, kind: io::ErrorKind) -> String {
    match kind {
        io::ErrorKind::PermissionDenied if address.port() < 1024 => {
            "; ports below 1024 need a capability (`AmbientCapabilities=CAP_NET_BIND_SERVICE` of systemd, `setcap \
             cap_net_bind_service=+ep`): grant it, or listen on a higher port"
                .into()
        }
        io::ErrorKind::AddrNotAvailable => {
            let all = if address.is_ipv6() { "[::]" } else { "0.0.0.0" };
            format!("; it is no address of this machine: listen on {all}:{} for all that it has", address.port())
        }
        _ => String::new(),
    }
}

/// A running gateway.
pub struct Gateway {
    state: Arc<State>,
    addresses: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
    descriptors: Descriptors,
    workers: Vec<JoinHandle<()>>,
    control: Runtime,
}

impl Gateway {
    /// Listens and serves, on threads of its own. A reload reads the policy again from `inputs`.
    ///
    /// # Errors
    /// If an address cannot be bound, a certificate or key cannot be used, or a thread cannot be started.
    pub fn start(guard: Guard, inputs: Inputs) -> Result<Gateway, StartError> {
        let descriptors = descriptors::raise();
        let engine = guard.engine();
        let gateway = &engine.policy.gateway;
        let control =
            Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(StartError::Worker)?;
        let accounts = match &engine.policy.auth.service {
            Some(settings) => {
                let opened = control.block_on(accounts::open(settings, Arc::clone(guard.sinks())))?;
                let opened = Arc::new(opened);
                engine.authenticator.accept_own(accounts::own_tokens(&opened));
                control.spawn(accounts::learn_providers(Arc::clone(&opened), Arc::clone(guard.sinks())));
                control.spawn(accounts::keep(Arc::clone(&opened), Arc::clone(guard.sinks())));
                Some(opened)
            }
            None => None,
        };
        let fitting = descriptors::for_clients();
        guard.allow_requests(fitting);
        let state = Arc::new(State::new(guard, accounts)?);
        let count = worker_count(gateway);
        let mut addresses = Vec::new();
        let mut listeners: Vec<Vec<StdListener>> = (0..count).map(|_| Vec::new()).collect();
        for &address in &gateway.listen {
            let mut bound = address;
            let mut claim = if gateway.share_port { Claim::Shared } else { Claim::First };
            for worker in &mut listeners {
                let listener = listen::bind(bound, claim).map_err(|e| match e.kind() {
                    io::ErrorKind::AddrInUse => StartError::Taken(bound),
                    _ => StartError::Listen(bound, e),
                })?;
                claim = Claim::Shared;
                // Port 0 becomes a port; the other workers share it.
                bound = listener.local_addr().map_err(|e| StartError::Listen(bound, e))?;
                worker.push(listener);
            }
            addresses.push(bound);
        }
        let admin = match engine.policy.admin.enabled {
            true => {
                let address = engine.policy.admin.listen;
                let listener = listen::bind(address, Claim::First).map_err(|e| match e.kind() {
                    io::ErrorKind::AddrInUse => StartError::AdminTaken(address),
                    _ => StartError::Listen(address, e),
                })?;
                let bound = listener.local_addr().map_err(|e| StartError::Listen(address, e))?;
                control.spawn(admin::serve(listener, Arc::clone(&state)));
                Some(bound)
            }
            false => None,
        };
        if let Some(path) = &engine.policy.admin.socket {
            let _entered = control.enter();
            let socket =
                admin::Socket::bind(path).map_err(|error| StartError::Socket(path.clone(), error))?;
            control.spawn(socket.serve(Arc::clone(&state)));
        }
        control.spawn(tasks::watch(Arc::clone(&state), inputs));
        control.spawn(tasks::read_board(Arc::clone(&state)));
        control.spawn(tasks::count_seconds(Arc::clone(&state)));
        let mut workers = Vec::new();
        for listeners in listeners {
            let worker = Arc::new(Worker::new(Arc::clone(&state)));
            let runtime = Builder::new_current_thread().enable_all().build().map_err(StartError::Worker)?;
            let thread = std::thread::Builder::new()
                .name("doorward-worker".into())
                .spawn(move || work(&runtime, &worker, listeners))
                .map_err(StartError::Worker)?;
            workers.push(thread);
        }
        Ok(Gateway { state, addresses, admin, descriptors, workers, control })
    }

    /// Opens these logs anew on SIGHUP and SIGUSR1.
    pub fn rotates(&self, logs: Arc<Logs>) {
        self.control.spawn(tasks::rotate(Arc::clone(&self.state), logs));
    }

    /// Connects to each upstream once, and tells of those that cannot be reached, so that a slip in the policy is not
    /// found by the first client.
    pub fn tells_of_unreachable(&self, told: impl Fn(String) + Send + Sync + 'static) {
        let patience = self.state.guard.engine().policy.gateway.timeouts.connect.0;
        let upstreams = self.state.upstreams.lock().clone();
        self.control.spawn(async move {
            for target in upstreams.targets() {
                if let Some(error) = target.unreachable(patience).await {
                    told(format!(
                        "the upstream {} cannot be reached: {error}; start it, or mend its URL in \
                         the policy or in `--upstream`; until then clients get 502",
                        target.id()
                    ));
                }
            }
        });
    }

    /// The bound addresses, in the order of the policy.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The address of the admin listener, if it is enabled.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// The limit of descriptors: what it was before the start, and what it is.
    pub fn descriptors(&self) -> Descriptors {
        self.descriptors
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
            // Whoever knows that it serves may ask for a reload at once, which must not end the process.
            let _hangup = signal(SignalKind::hangup());
            supervisor::ready("serving");
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        });
        self.shutdown();
    }

    /// Accepts no new connections, waits for open ones up to the policy's `drain` time, and ends.
    pub fn shutdown(self) {
        let limit = self.state.guard.engine().policy.gateway.drain;
        supervisor::stopping(limit);
        self.state.shutdown.drain();
        self.control.block_on(async {
            let _ = tokio::time::timeout(limit, self.state.shutdown.idle()).await;
        });
        for worker in self.workers {
            let _ = worker.join();
        }
        self.state.guard.save();
        self.control.shutdown_timeout(Duration::from_millis(100));
    }
}

fn worker_count(gateway: &policy::Gateway) -> usize {
    gateway.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
}

/// A worker thread: accepts until the gateway drains, then waits for the connections that are still open.
fn work(runtime: &Runtime, worker: &Arc<Worker>, listeners: Vec<StdListener>) {
    let shutdown = worker.state.shutdown.clone();
    let engine = worker.guard.engine();
    let gateway = &engine.policy.gateway;
    // Each connection may need another one, to an upstream.
    let fitting = descriptors::for_clients() / worker_count(gateway);
    let (max_connections, drain) = (gateway.max_connections.min(fitting.max(1)), gateway.drain);
    drop(engine);
    let free = Arc::new(Semaphore::new(max_connections));
    runtime.block_on(async {
        let accepting = listeners.into_iter().map(|listener| {
            tokio::spawn(listen::accept(Arc::clone(worker), listener, Arc::clone(&free), shutdown.clone()))
        });
        futures_util::future::join_all(accepting.collect::<Vec<_>>()).await;
        // Every connection holds a permit; when all permits are back, all connections have ended.
        let all = u32::try_from(max_connections).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(drain, free.acquire_many(all)).await;
    });
}

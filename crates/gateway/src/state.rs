//! The state of a running gateway: what all workers share, and what each has for itself.

use std::sync::Arc;

use accounts::Accounts;
use arc_swap::ArcSwapOption;
use guard::{Engine, Guard};
use parking_lot::Mutex;
use policy::{Upstream, UpstreamGroup};
use tokio_rustls::TlsAcceptor;

use crate::clients::Clients;
use crate::closed::Closed;
use crate::failures::AcceptFailures;
use crate::shutdown::Shutdown;
use crate::tls::{self, TlsError};
use crate::upstream::{Connector, HeadLimits, Pools, Target};

/// What all workers share.
pub(crate) struct State {
    pub(crate) guard: Guard,
    pub(crate) tls: ArcSwapOption<TlsAcceptor>,
    pub(crate) upstreams: Mutex<Upstreams>,
    pub(crate) shutdown: Shutdown,
    pub(crate) accept_failures: AcceptFailures,
    /// The connections of each client.
    pub(crate) clients: Arc<Clients>,
    /// Connections that were closed before they were of use.
    pub(crate) closed: Closed,
    /// The user service, if the policy has one.
    pub(crate) accounts: Option<Arc<Accounts>>,
}

impl State {
    /// The state of a gateway that starts with the guard's current policy.
    pub(crate) fn new(guard: Guard, accounts: Option<Arc<Accounts>>) -> Result<Self, TlsError> {
        let engine = guard.engine();
        Ok(State {
            tls: ArcSwapOption::new(acceptor(&engine)?),
            upstreams: Mutex::new(Upstreams::of(&engine)?),
            shutdown: Shutdown::new(),
            accept_failures: AcceptFailures::default(),
            clients: Arc::default(),
            closed: Closed::default(),
            accounts,
            guard,
        })
    }

    /// Why the gateway should get no requests now, if it should not.
    pub(crate) fn unready(&self) -> Option<&'static str> {
        if self.shutdown.is_draining() {
            return Some("draining");
        }
        let is_there = self.upstreams.lock().targets().any(|target| target.is_reachable());
        (!is_there).then_some("no upstream is up")
    }
}

/// The upstreams of a policy, in its groups.
#[derive(Clone)]
pub(crate) struct Upstreams {
    pub(crate) groups: Arc<[Group]>,
}

/// A group of upstreams, and a connector that can reach them.
pub(crate) struct Group {
    pub(crate) targets: Arc<[Arc<Target>]>,
    pub(crate) connector: Connector,
}

impl Upstreams {
    pub(crate) fn of(engine: &Engine) -> Result<Self, TlsError> {
        let gateway = &engine.policy.gateway;
        let limits = HeadLimits { fields: gateway.max_response_headers, bytes: gateway.max_response_head };
        let group = |group: &UpstreamGroup| {
            let target = |upstream: &Upstream| Arc::new(Target::new(upstream.clone(), &group.health));
            let connector = Connector::new(group.upstreams.iter(), &group.tls, limits)?;
            Ok(Group { targets: group.upstreams.iter().map(target).collect(), connector })
        };
        Ok(Upstreams { groups: gateway.groups.iter().map(group).collect::<Result<_, TlsError>>()? })
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        self.groups.iter().flat_map(|group| group.targets.iter())
    }
}

/// The connection pools of a policy: one for each group of upstreams.
type Kept = (Arc<Engine>, Arc<[Pools]>);

/// The state of one worker thread.
pub(crate) struct Worker {
    pub(crate) guard: Guard,
    pub(crate) state: Arc<State>,
    pools: Mutex<Option<Kept>>,
}

impl Worker {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Worker { guard: state.guard.clone(), state, pools: Mutex::default() }
    }

    /// The connection pools for each group of upstreams of a policy. They are replaced when the policy is; exchanges under way
    /// keep the old ones.
    pub(crate) fn pools(&self, engine: &Arc<Engine>) -> Arc<[Pools]> {
        let mut pools = self.pools.lock();
        match &*pools {
            Some((current, pools)) if Arc::ptr_eq(current, engine) => Arc::clone(pools),
            _ => {
                let upstreams = self.state.upstreams.lock().clone();
                let gateway = &engine.policy.gateway;
                let groups = upstreams.groups.iter().zip(&gateway.groups);
                let new = groups.map(|(group, settings)| {
                    Pools::new(
                        Arc::clone(&group.targets),
                        group.connector.clone(),
                        settings,
                        &gateway.timeouts,
                    )
                });
                let new: Arc<[Pools]> = new.collect();
                *pools = Some((Arc::clone(engine), Arc::clone(&new)));
                new
            }
        }
    }
}

/// The TLS acceptor of a policy, if it configures TLS.
pub(crate) fn acceptor(engine: &Engine) -> Result<Option<Arc<TlsAcceptor>>, TlsError> {
    engine.policy.gateway.tls.as_ref().map(|tls| tls::acceptor(tls).map(Arc::new)).transpose()
}

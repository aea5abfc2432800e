//! The guard: a policy in force, and the one function through which every exchange goes.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body::Body;
use identity::{KeyError, Principal};
use policy::{BuiltInDoor, Policy};
use store::{StoreError, Stores};

use crate::admission::{Admission, Open};
use crate::challenge_key::{ChallengeKey, NoRandomness};
use crate::decision::ruling::{Interruption, Ruling};
use crate::decision::{Refusal, problem};
use crate::engine::Engine;
use crate::events::evidence::Evidence;
use crate::events::fan_out::FanOut;
use crate::events::metrics::Metrics;
use crate::events::{Record, Timestamp, Verdict};
use crate::exchange::Exchange;
use crate::exchange::peer::Peer;
use crate::forward::{Client, ForwardError};
use crate::grpc;
use crate::held::HeldBytes;
use crate::pipeline::finish::{A_DOOR_PANICKED, Early, GUARD, PANIC, Underway, finish, panicked};
use crate::pipeline::request::{admit, outgoing_request};
use crate::pipeline::response::release;
use crate::pipeline::{DOORS, Doors, Pipeline, observe};
use crate::standing::Standing;
use crate::state::State;
use crate::tunnel::Tunnel;
use crate::wire::body::{Forwarded, Metered, Outgoing};

/// Records of a rule set's collections.
#[cfg(feature = "rules")]
const RECORDS: usize = 100_000;

/// Why there is no guard.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// A key is of no use.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no key for challenges.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// The door that events name when a connection is closed.
const ADMISSION: Cow<'static, str> = Cow::Borrowed("admission");

/// Judges exchanges by the policy in force. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    engine: Arc<ArcSwap<Engine>>,
    pub(crate) state: Arc<State>,
    doors: &'static Doors,
    admission: Arc<dyn Admission>,
}

impl Guard {
    /// A guard with a policy, the stores that hold its state ([`open_stores`](crate::open_stores)), and the sinks that
    /// take its events.
    ///
    /// # Errors
    /// If a key of the policy is unusable.
    pub fn new(policy: Policy, stores: Stores, sinks: impl Into<FanOut>) -> Result<Self, GuardError> {
        Guard::with_doors(policy, stores, sinks.into(), &DOORS)
    }

    /// A guard with other doors than the usual ones.
    pub(crate) fn with_doors(
        policy: Policy,
        stores: Stores,
        sinks: FanOut,
        doors: &'static Doors,
    ) -> Result<Self, GuardError> {
        let metrics = Arc::<Metrics>::default();
        let sinks = Arc::new(sinks);
        let (told, gauge) = (Arc::clone(&sinks), metrics.limits_shared.clone());
        stores.counters.tells(Arc::new(move |message, is_shared| {
            gauge.set(is_shared.into());
            told.record(&Record::Notice { time: Timestamp(SystemTime::now()), message });
        }));
        let secret = policy.rate.hash_secret.as_ref().map(policy::HashSecret::expose_secret);
        let challenge_key = ChallengeKey::new(secret)?;
        let standing = Standing::new(Arc::clone(&stores.board));
        let state = State {
            stores,
            standing,
            in_flight: Arc::default(),
            seats: Arc::default(),
            #[cfg(feature = "graphql")]
            stored_log_ins: Default::default(),
            most_requests: AtomicUsize::new(0),
            challenge_key,
            #[cfg(feature = "rules")]
            records: seclang::Records::new(RECORDS),
            held: Arc::new(HeldBytes::counted_by(metrics.held_bytes.clone())),
            sinks,
            metrics,
        };
        let engine = Arc::new(ArcSwap::from_pointee(Engine::new(policy)?));
        Ok(Guard { engine, state: Arc::new(state), doors, admission: Arc::new(Open) })
    }

    /// The same guard, with connections decided about. Without this, all are served.
    #[must_use]
    pub fn with_admission(self, admission: Arc<dyn Admission>) -> Self {
        Guard { admission, ..self }
    }

    /// Whether a connection may be served, before anything is read from it. One that may not has its event already. A
    /// panic in here closes the connection.
    pub fn accept(&self, peer: &Peer) -> bool {
        let (door, rule, verdict, evidence) =
            match catch_unwind(AssertUnwindSafe(|| self.admission.refuse(peer))) {
                Ok(None) => return true,
                Ok(Some(refusal)) => (ADMISSION, refusal.rule, Verdict::Refused, refusal.evidence),
                Err(_) => (GUARD, PANIC, Verdict::Failed, Box::new("the admission panicked".into())),
            };
        let event = Early { now: SystemTime::now(), peer, method: "", path: "" };
        event.record(&self.state, (door, rule), verdict, None, &evidence);
        false
    }

    /// How many requests may be under way at once where the policy does not say it (`[rate] max_requests`).
    pub fn allow_requests(&self, most: usize) {
        self.state.most_requests.store(most, Ordering::Relaxed);
    }

    /// Writes an event about a connection, or a stream of one, that is closed before its end because of what its client
    /// does or does not do. `rule` names the reason.
    pub fn dropped(&self, peer: &Peer, rule: &'static str, evidence: impl Into<Evidence>) {
        let event = Early { now: SystemTime::now(), peer, method: "", path: "" };
        event.record(&self.state, (ADMISSION, rule.into()), Verdict::Refused, None, &evidence.into());
    }

    /// Puts another policy in force. Exchanges under way end by the one they began with.
    pub fn replace(&self, engine: Engine) {
        self.state.standing.lists.rebuild(&engine.policy.network);
        self.engine.store(Arc::new(engine));
    }

    /// The policy in force.
    pub fn engine(&self) -> Arc<Engine> {
        self.engine.load_full()
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.state.metrics
    }

    /// Where events go.
    pub fn sinks(&self) -> &Arc<FanOut> {
        &self.state.sinks
    }

    /// Takes a request through the doors, forwards it, and takes the answer back through them.
    ///
    /// `forward` is called at most once with the request, and only with what may pass; before that it may be asked
    /// to read objects that the request names. A panic in here is a refusal with an event.
    pub async fn handle<B, R, F, Fut>(
        &self,
        request: Request<B>,
        peer: Peer,
        forward: F,
    ) -> Response<Outgoing<R>>
    where
        B: Body<Data = Bytes>,
        R: Body<Data = Bytes>,
        F: FnMut(Request<Forwarded<B>>, Client) -> Fut,
        Fut: Future<Output = Result<Response<R>, ForwardError>>,
    {
        let engine = self.engine.load_full();
        let (mut parts, body) = request.into_parts();
        let caller = parts.extensions.remove::<PreAuthenticated>();
        let (now, method, uri) = (SystemTime::now(), parts.method.clone(), parts.uri.clone());
        let ruling = Ruling { engine: &engine, state: &self.state };
        let has_body = !body.is_end_stream();
        let read = catch_unwind(AssertUnwindSafe(|| Exchange::new(&engine, parts, has_body, peer, now)));
        let Ok(x) = read else {
            let event = Early { now, peer: &peer, method: method.as_str(), path: uri.path() };
            let id = event.record(
                &self.state,
                (GUARD, PANIC),
                Verdict::Failed,
                Some(500),
                &A_DOOR_PANICKED.into(),
            );
            return problem(StatusCode::INTERNAL_SERVER_ERROR, id, &[]).map(Outgoing::held);
        };
        let pipeline = Pipeline::new(ruling, self.doors, x.route);
        let account = Arc::clone(&x.account);
        let mut underway = Underway::new(x, pipeline, &self.state);
        let x = &mut underway.x;
        x.principal = caller.map(|PreAuthenticated(principal)| Arc::new(principal));
        let body = Metered::new(body, &account);
        let served = {
            let mut forward = forward;
            let forward = |request, client| account.forwarding(forward(request, client));
            let serving = std::pin::pin!(account.working(serve(pipeline, x, body, forward)));
            AssertUnwindSafe(serving).catch_unwind().await
        };
        let response = match served {
            Ok(Ok(response)) => response,
            Ok(Err(interruption)) => grpc::told(x, interruption.response(x.id)).map(Outgoing::held),
            Err(_) => panicked(ruling, x).map(Outgoing::held),
        };
        let if_stalled = grpc::stalled(x);
        let response = account.working(finish(pipeline, x, response)).await;
        let finish = Box::new(underway.answered(response.status()));
        if response.status() == StatusCode::SWITCHING_PROTOCOLS
            && let Some(tunnel) = response.extensions().get::<Tunnel>()
        {
            tunnel.on_end(account, finish);
            return response;
        }
        response.map(|body| body.if_stalled(if_stalled).on_end(finish))
    }
}

/// A caller whom somebody else has verified, in the extensions of a request: a service's own authentication in front of
/// the layer, or a person who asks what the doors would say. Nothing that comes from the network can set it.
#[derive(Debug, Clone)]
pub struct PreAuthenticated(pub Principal);

async fn serve<'e, B, R, F, Fut>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    body: Metered<B>,
    mut forward: F,
) -> Result<Response<Outgoing<R>>, Interruption>
where
    B: Body<Data = Bytes>,
    R: Body<Data = Bytes>,
    F: FnMut(Request<Forwarded<B>>, Client) -> Fut,
    Fut: Future<Output = Result<Response<R>, ForwardError>>,
{
    let ruling = pipeline.ruling;
    let body = admit(pipeline, x, body, &mut forward).await?;
    observe::begin(ruling, x);
    let client = Client { address: x.client, transport: x.transport };
    let request = outgoing_request(pipeline, x, body)
        .map_err(|refusal| ruling.refuse(x, &BuiltInDoor::Protocol.into(), refusal))?;
    match forward(request, client).await {
        Ok(mut response) => {
            x.account.served_by(response.extensions_mut().remove());
            release(pipeline, x, response).await
        }
        // The judge has written the event.
        Err(ForwardError::Refused(status)) => {
            Ok(grpc::told(x, problem(status, x.id, &[])).map(Outgoing::held))
        }
        Err(error @ (ForwardError::ClientTooSlow | ForwardError::ClientLeft)) => {
            let (status, rule) = match error {
                ForwardError::ClientTooSlow => (StatusCode::REQUEST_TIMEOUT, "body-too-slow"),
                _ => (StatusCode::BAD_REQUEST, "body-broken"),
            };
            let refusal = Refusal::new(status, rule, error.to_string());
            Err(ruling.refuse(x, &BuiltInDoor::Protocol.into(), refusal))
        }
        Err(error) => {
            ruling.state.metrics.upstream_failures.inc();
            let (status, rule) = match error {
                ForwardError::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
                ForwardError::Unavailable(_) => (StatusCode::BAD_GATEWAY, "unavailable"),
                _ => (StatusCode::BAD_GATEWAY, "broken"),
            };
            ruling.note(
                x,
                "upstream",
                rule,
                Verdict::Failed,
                Some(status.as_u16()),
                &error.to_string().into(),
            );
            Ok(grpc::told(x, problem(status, x.id, &[])).map(Outgoing::held))
        }
    }
}

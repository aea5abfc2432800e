//! The guard: a policy in force, and the one function through which every exchange goes.

use std::hash::RandomState;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::HeaderName;
use http::{Request, Response, StatusCode};
use http_body::Body;
use identity::{KeyError, Principal};
use policy::{Door, LedgerPlace, Policy};
use store::postgres::PostgresLedger;
use store::redis::RedisLedger;
use store::sqlite::SqliteLedger;
use store::{AnyLedger, MemoryCounters, MemoryLedger, StoreError};

use crate::decision::problem;
use crate::decision::ruling::{Interruption, Ruling, on};
use crate::doors::injection::rules;
use crate::doors::ownership::{enumeration, read_first};
use crate::doors::rate;
use crate::engine::Engine;
use crate::events::metrics::Metrics;
use crate::events::{EventSink, Verdict};
use crate::exchange::Exchange;
use crate::exchange::peer::Peer;
use crate::forward::{Client, ForwardError};
use crate::pipeline::finish::Finish;
use crate::pipeline::request::{admit_body, outgoing_request};
use crate::pipeline::response::{answer, release};
use crate::pipeline::{self, observe};
use crate::state::State;
use crate::wire::body::{Forwarded, Outgoing};

/// Why there is no guard.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// A key is of no use.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The ledger cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Judges exchanges by the policy in force. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    engine: Arc<ArcSwap<Engine>>,
    state: Arc<State>,
}

impl Guard {
    /// A guard with a policy, and somewhere for its events to go.
    ///
    /// # Errors
    /// When a key of the policy is of no use, or its ledger cannot be opened.
    pub fn new(policy: Policy, sink: Arc<dyn EventSink>) -> Result<Self, GuardError> {
        /// Looks and flags kept.
        const LOOKS: usize = 100_000;
        let most = policy.ledger.max_ids;
        let ledger = match &policy.ledger.place {
            LedgerPlace::Memory => AnyLedger::Memory(MemoryLedger::new(most)),
            LedgerPlace::File(file) => AnyLedger::Sqlite(SqliteLedger::open(file, most)?),
            LedgerPlace::Redis(url) => AnyLedger::Redis(Box::new(RedisLedger::open(url.reveal(), most)?)),
            LedgerPlace::Postgres(url) => {
                AnyLedger::Postgres(Box::new(PostgresLedger::open(url.reveal(), most)?))
            }
        };
        let state = State {
            counters: MemoryCounters::new(policy.max_counters),
            ledger,
            looks: MemoryLedger::new(LOOKS),
            records: seclang::Records::new(LOOKS),
            hash_keys: [RandomState::new(), RandomState::new()],
            sink,
            metrics: Arc::default(),
        };
        Ok(Guard { engine: Arc::new(ArcSwap::from_pointee(Engine::new(policy)?)), state: Arc::new(state) })
    }

    /// Puts another policy in force. Exchanges under way end by the one they began with.
    pub fn replace(&self, engine: Engine) {
        self.engine.store(Arc::new(engine));
    }

    /// Forgets what was counted against limits, as if nobody had been here.
    pub fn reset_limits(&self) {
        self.state.counters.clear();
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
    pub fn sink(&self) -> &Arc<dyn EventSink> {
        &self.state.sink
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
        let assumed = parts.extensions.remove::<PreAuthenticated>();
        let mut x = Exchange::new(&engine, parts, peer, SystemTime::now());
        x.principal = assumed.map(|PreAuthenticated(principal)| Arc::new(principal));
        let ruling = Ruling { engine: &engine, state: &self.state };
        let served = {
            let serving = std::pin::pin!(serve(ruling, &mut x, body, forward));
            AssertUnwindSafe(serving).catch_unwind().await
        };
        let mut response = served.unwrap_or_else(|_| {
            ruling.note(&x, "guard", "panic", Verdict::Failed, Some(500), "a door panicked");
            problem(StatusCode::INTERNAL_SERVER_ERROR, x.id, &[]).map(Outgoing::held)
        });
        if on(&x, Door::Rate) {
            rate::settle(&mut x, response.status(), &self.state).await;
        }
        let status = response.status();
        if status.is_client_error() {
            enumeration::settle(ruling, &x, status).await;
        }
        rules::response::finish(ruling, &mut x, status);
        pipeline::release_head(ruling, &x, status, response.headers_mut());
        if let Some(id) = x.id.header_value() {
            response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
        }
        let finish = Box::new(Finish::new(&x, status, Arc::clone(&self.state)));
        response.map(|body| body.on_end(finish))
    }
}

/// A caller whom somebody else has verified, in the extensions of a request: a service's own authentication in front of
/// the layer, or a person who asks what the doors would say. Nothing that comes from the network can set it.
#[derive(Debug, Clone)]
pub struct PreAuthenticated(pub Principal);

async fn serve<'e, B, R, F, Fut>(
    ruling: Ruling<'e>,
    x: &mut Exchange<'e>,
    body: B,
    mut forward: F,
) -> Response<Outgoing<R>>
where
    B: Body<Data = Bytes>,
    R: Body<Data = Bytes>,
    F: FnMut(Request<Forwarded<B>>, Client) -> Fut,
    Fut: Future<Output = Result<Response<R>, ForwardError>>,
{
    let mut admitted = match pipeline::admit_head(ruling, x).await {
        Ok(()) => admit_body(ruling, x, body).await,
        Err(stop) => Err(stop),
    };
    let looks = x.route.before_write.is_some() || !x.route.objects.is_empty();
    if looks
        && admitted.is_ok()
        && let Err(stop) = Box::pin(read_first::admit(ruling, x, &mut forward)).await
    {
        admitted = Err(stop);
    }
    let body = match admitted {
        Ok(body) => body,
        Err(Interruption::Refused(refusal)) => return refusal.response(x.id).map(Outgoing::held),
        Err(Interruption::Answered(status, headers)) => return answer(status, headers),
    };
    let client = Client { address: x.client, transport: x.transport };
    observe::begin(ruling, x);
    let request = match outgoing_request(ruling.engine, x, body) {
        Ok(request) => request,
        Err(refusal) => {
            ruling.refuse(x, Door::Protocol, refusal.clone());
            return refusal.response(x.id).map(Outgoing::held);
        }
    };
    match forward(request, client).await {
        Ok(response) => release(ruling, x, response).await,
        Err(error) => {
            ruling.state.metrics.upstream_failures.inc();
            let (status, rule) = match error {
                ForwardError::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
                ForwardError::Unavailable(_) => (StatusCode::BAD_GATEWAY, "unavailable"),
                ForwardError::Broken(_) => (StatusCode::BAD_GATEWAY, "broken"),
            };
            ruling.note(x, "upstream", rule, Verdict::Failed, Some(status.as_u16()), &error.to_string());
            problem(status, x.id, &[]).map(Outgoing::held)
        }
    }
}

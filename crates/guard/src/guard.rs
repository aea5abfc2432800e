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
use identity::{Authenticator, KeyError, Principal};
use policy::{Door, LedgerPlace, Policy};
use store::postgres::PostgresLedger;
use store::redis::RedisLedger;
use store::sqlite::SqliteLedger;
use store::{AnyLedger, MemoryCounters, MemoryLedger, StoreError};

use crate::body::{Forwarded, Outgoing};
use crate::event::{EventSink, Verdict};
use crate::exchange::Exchange;
use crate::finish::Finish;
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::pipeline::{Pipeline, Stop, on};
use crate::refusal::problem;
use crate::request::{admit_body, outgoing_request};
use crate::response::{answer, release};
use crate::{doors, enumeration, look, waf, watch};

/// A policy with its keys read: what every exchange is judged by.
#[derive(Debug)]
pub struct Engine {
    /// The policy.
    pub policy: Policy,
    /// The keys.
    pub authenticator: Authenticator,
}

impl Engine {
    /// Reads the keys of a policy.
    ///
    /// # Errors
    /// When a key is of no use.
    pub fn new(policy: Policy) -> Result<Self, KeyError> {
        let authenticator = Authenticator::new(&policy.auth)?;
        Ok(Engine { policy, authenticator })
    }
}

/// What outlives a change of policy.
pub(crate) struct Shared {
    pub(crate) counters: MemoryCounters,
    /// Ids that callers were given.
    pub(crate) ledger: AnyLedger,
    /// Records of a rule set.
    pub(crate) records: seclang::Records,
    /// What was found out a moment ago: objects that were read, callers that count.
    pub(crate) looks: MemoryLedger,
    pub(crate) hash_keys: [RandomState; 2],
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) metrics: Arc<Metrics>,
}

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

/// Why there is no answer from the upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// No upstream can be reached.
    #[error("no upstream can be reached: {0}")]
    Unavailable(String),
    /// The upstream did not answer in time.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// The upstream answered with something that is not HTTP, or broke off.
    #[error("the upstream's answer is broken: {0}")]
    Broken(String),
}

/// Judges exchanges by the policy in force. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    engine: Arc<ArcSwap<Engine>>,
    shared: Arc<Shared>,
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
        let shared = Shared {
            counters: MemoryCounters::new(policy.max_counters),
            ledger,
            looks: MemoryLedger::new(LOOKS),
            records: seclang::Records::new(LOOKS),
            hash_keys: [RandomState::new(), RandomState::new()],
            sink,
            metrics: Arc::default(),
        };
        Ok(Guard { engine: Arc::new(ArcSwap::from_pointee(Engine::new(policy)?)), shared: Arc::new(shared) })
    }

    /// Puts another policy in force. Exchanges under way end by the one they began with.
    pub fn replace(&self, engine: Engine) {
        self.engine.store(Arc::new(engine));
    }

    /// Forgets what was counted against limits, as if nobody had been here.
    pub fn reset_limits(&self) {
        self.shared.counters.clear();
    }

    /// The policy in force.
    pub fn engine(&self) -> Arc<Engine> {
        self.engine.load_full()
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.shared.metrics
    }

    /// Where events go.
    pub fn sink(&self) -> &Arc<dyn EventSink> {
        &self.shared.sink
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
        let assumed = parts.extensions.remove::<Assumed>();
        let mut x = Exchange::new(&engine, parts, peer, SystemTime::now());
        x.principal = assumed.map(|Assumed(principal)| Arc::new(principal));
        let pipeline = Pipeline { engine: &engine, shared: &self.shared };
        let served = {
            let serving = std::pin::pin!(serve(pipeline, &mut x, body, forward));
            AssertUnwindSafe(serving).catch_unwind().await
        };
        let mut response = served.unwrap_or_else(|_| {
            pipeline.note(&x, "guard", "panic", Verdict::Failed, Some(500), "a door panicked");
            problem(StatusCode::INTERNAL_SERVER_ERROR, x.id, &[]).map(Outgoing::held)
        });
        if on(&x, Door::Rate) {
            doors::rate::settle(&mut x, response.status(), &self.shared).await;
        }
        let status = response.status();
        if status.is_client_error() {
            enumeration::settle(pipeline, &x, status).await;
        }
        waf::finish(pipeline, &mut x, status);
        pipeline.release_head(&x, status, response.headers_mut());
        if let Some(id) = x.id.header_value() {
            response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
        }
        let finish = Box::new(Finish::new(&x, status, Arc::clone(&self.shared)));
        response.map(|body| body.on_end(finish))
    }
}

/// A caller whom somebody else has verified, in the extensions of a request: a service's own authentication in front of
/// the layer, or a person who asks what the doors would say. Nothing that comes from the network can set it.
#[derive(Debug, Clone)]
pub struct Assumed(pub Principal);

/// Who asks, for whoever forwards.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// The client, behind trusted proxies.
    pub address: std::net::IpAddr,
    /// Whether it speaks TLS.
    pub transport: crate::peer::Transport,
}

async fn serve<'e, B, R, F, Fut>(
    pipeline: Pipeline<'e>,
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
    let mut admitted = match pipeline.admit_head(x).await {
        Ok(()) => admit_body(pipeline, x, body).await,
        Err(stop) => Err(stop),
    };
    let looks = x.route.before_write.is_some() || !x.route.objects.is_empty();
    if looks
        && admitted.is_ok()
        && let Err(stop) = Box::pin(look::admit(pipeline, x, &mut forward)).await
    {
        admitted = Err(stop);
    }
    let body = match admitted {
        Ok(body) => body,
        Err(Stop::Refused(refusal)) => return refusal.response(x.id).map(Outgoing::held),
        Err(Stop::Answered(status, headers)) => return answer(status, headers),
    };
    let client = Client { address: x.client, transport: x.transport };
    watch::begin(pipeline, x);
    let request = match outgoing_request(pipeline.engine, x, body) {
        Ok(request) => request,
        Err(refusal) => {
            pipeline.refuse(x, Door::Protocol, refusal.clone());
            return refusal.response(x.id).map(Outgoing::held);
        }
    };
    match forward(request, client).await {
        Ok(response) => release(pipeline, x, response).await,
        Err(error) => {
            pipeline.shared.metrics.upstream_failures.inc();
            let (status, rule) = match error {
                ForwardError::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
                ForwardError::Unavailable(_) => (StatusCode::BAD_GATEWAY, "unavailable"),
                ForwardError::Broken(_) => (StatusCode::BAD_GATEWAY, "broken"),
            };
            pipeline.note(x, "upstream", rule, Verdict::Failed, Some(status.as_u16()), &error.to_string());
            problem(status, x.id, &[]).map(Outgoing::held)
        }
    }
}

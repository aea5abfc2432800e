//! The guard: a policy in force, and the one function through which every exchange goes.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version, request};
use http_body::Body;
use identity::{Authenticator, KeyError};
use policy::config::{BodyHandling, ResponseProperties};
use policy::{Door, Mode, Policy, Upstream};
use std::hash::RandomState;
use store::MemoryCounters;

use crate::body::{BoxError, CollectError, Forwarded, OnEnd, Outgoing, Window, collect};
use crate::content_encoding::decode;
use crate::doors;
use crate::doors::ownership::Released;
use crate::event::{Access, EventId, EventSink, Record, Timestamp, Verdict};
use crate::exchange::{Exchange, HeldBody};
use crate::inputs::{StructureLimits, essence, parse_body, parse_json};
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::pipeline::{Pipeline, Stop, enforced, on};
use crate::refusal::{Refusal, problem};

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
    pub(crate) hash_keys: [RandomState; 2],
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) metrics: Arc<Metrics>,
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
    /// When a key of the policy is of no use.
    pub fn new(policy: Policy, sink: Arc<dyn EventSink>) -> Result<Self, KeyError> {
        let shared = Shared {
            counters: MemoryCounters::new(policy.max_counters),
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
    /// `forward` is called at most once, and only with what may pass. A panic in here is a refusal with an event.
    pub async fn handle<B, R, F, Fut>(
        &self,
        request: Request<B>,
        peer: Peer,
        forward: F,
    ) -> Response<Outgoing<R>>
    where
        B: Body<Data = Bytes>,
        R: Body<Data = Bytes>,
        F: FnOnce(Request<Forwarded<B>>, Client) -> Fut,
        Fut: Future<Output = Result<Response<R>, ForwardError>>,
    {
        let engine = self.engine.load_full();
        let (parts, body) = request.into_parts();
        let mut x = Exchange::new(&engine, parts, peer, SystemTime::now());
        let pipeline = Pipeline { engine: &engine, shared: &self.shared };
        let served = AssertUnwindSafe(serve(pipeline, &mut x, body, forward)).catch_unwind().await;
        let mut response = served.unwrap_or_else(|_| {
            pipeline.note(&x, "guard", "panic", Verdict::Failed, Some(500), "a door panicked");
            problem(StatusCode::INTERNAL_SERVER_ERROR, x.id, &[]).map(Outgoing::held)
        });
        if on(&x, Door::Rate) {
            doors::rate::settle(&mut x, response.status(), &self.shared).await;
        }
        let status = response.status();
        pipeline.release_head(&x, status, response.headers_mut());
        if let Ok(id) = HeaderValue::try_from(x.id.to_string()) {
            response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
        }
        let finish = Box::new(Finish::new(&x, status, Arc::clone(&self.shared)));
        response.map(|body| body.on_end(finish))
    }
}

/// Who asks, for whoever forwards.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// The client, behind trusted proxies.
    pub address: std::net::IpAddr,
    /// Whether it speaks TLS.
    pub transport: crate::peer::Transport,
}

async fn serve<B, R, F, Fut>(
    pipeline: Pipeline<'_>,
    x: &mut Exchange<'_>,
    body: B,
    forward: F,
) -> Response<Outgoing<R>>
where
    B: Body<Data = Bytes>,
    R: Body<Data = Bytes>,
    F: FnOnce(Request<Forwarded<B>>, Client) -> Fut,
    Fut: Future<Output = Result<Response<R>, ForwardError>>,
{
    let admitted = match pipeline.admit_head(x).await {
        Ok(()) => admit_body(pipeline, x, body).await,
        Err(stop) => Err(stop),
    };
    let body = match admitted {
        Ok(body) => body,
        Err(Stop::Refused(refusal)) => return refusal.response(x.id).map(Outgoing::held),
        Err(Stop::Answered(status, headers)) => return answer(status, headers),
    };
    let client = Client { address: x.client, transport: x.transport };
    let request = outgoing_request(pipeline.engine, x, body);
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

/// Holds the body until there is a verdict, or wraps it so that it is judged as it passes.
async fn admit_body<B>(pipeline: Pipeline<'_>, x: &mut Exchange<'_>, body: B) -> Result<Forwarded<B>, Stop>
where
    B: Body<Data = Bytes>,
{
    if streams(x, &pipeline.engine.policy) {
        return Ok(Forwarded::Streamed { body, window: window(pipeline, x) });
    }
    let policy = &pipeline.engine.policy;
    let wire = match collect(body, x.route.max_body.as_usize(), policy.gateway.timeouts.body.0).await {
        Ok(wire) => wire,
        Err(error) => {
            let refusal = match error {
                CollectError::TooLarge(_) => Refusal::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "body-too-large",
                    format!("over {}", x.route.max_body),
                ),
                CollectError::TooSlow => {
                    Refusal::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "did not come in time")
                }
                CollectError::Broken => Refusal::new(StatusCode::BAD_REQUEST, "body-broken", "broke off"),
            };
            // Not even an observing door can pass on a body that is not there.
            return Err(pipeline.refuse(x, Door::Protocol, refusal));
        }
    };
    if wire.is_empty() {
        let empty =
            HeldBody { wire: Bytes::new(), decoded: Bytes::new(), parsed: crate::inputs::ParsedBody::Empty };
        x.body = Some(empty);
    } else if !reads_body(x) {
        x.body = Some(HeldBody { decoded: wire.clone(), wire, parsed: crate::inputs::ParsedBody::Binary });
    } else if let Err(refusal) = read_body(pipeline, x, wire) {
        pipeline.settle(x, Door::Protocol, crate::refusal::Decision::Refuse(refusal))?;
    }
    pipeline.admit_body(x)?;
    Ok(Forwarded::held(x.body.as_ref().map(|held| held.wire.clone()).unwrap_or_default()))
}

/// Whether any door looks into the body.
fn reads_body(x: &Exchange<'_>) -> bool {
    [Door::Protocol, Door::Schema, Door::Injection, Door::Ownership].into_iter().any(|door| on(x, door))
}

/// Decodes and parses a body. One that cannot be read is still held, as bytes, for doors that only observe.
fn read_body(pipeline: Pipeline<'_>, x: &mut Exchange<'_>, wire: Bytes) -> Result<(), Refusal> {
    let limits = &pipeline.engine.policy.protocol;
    let refuse = |status, rule, evidence: String| Err(Refusal::new(status, rule, evidence));
    let coding = x.header(CONTENT_ENCODING).unwrap_or("").to_owned();
    let unread = |wire: &Bytes| HeldBody {
        wire: wire.clone(),
        decoded: Bytes::new(),
        parsed: crate::inputs::ParsedBody::Binary,
    };
    let decoded = match decode(&coding, &wire, limits) {
        Ok(decoded) => decoded.map_or_else(|| wire.clone(), Bytes::from),
        Err(error) => {
            x.body = Some(unread(&wire));
            return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding", error.to_string());
        }
    };
    let structure = StructureLimits { depth: limits.max_depth, members: limits.max_members };
    match parse_body(&x.headers, &decoded, structure) {
        Ok(parsed) => {
            x.body = Some(HeldBody { wire, decoded, parsed });
            Ok(())
        }
        Err(error) => {
            x.body = Some(unread(&wire));
            refuse(StatusCode::BAD_REQUEST, "body-unreadable", error.to_string())
        }
    }
}

/// Whether the body passes as it comes: where the route says so, for upgrades, and for gRPC to an HTTP/2 upstream,
/// where both sides may speak at once.
fn streams(x: &Exchange<'_>, policy: &Policy) -> bool {
    let grpc = || {
        x.version == Version::HTTP_2
            && essence(&x.headers).starts_with("application/grpc")
            && policy.gateway.upstreams.iter().all(|u| matches!(u, Upstream::Tcp { http2: true, .. }))
    };
    x.route.body == BodyHandling::Stream || x.headers.contains_key(UPGRADE) || grpc()
}

fn window(pipeline: Pipeline<'_>, x: &Exchange<'_>) -> Window {
    if x.route.modes.of(Door::Injection) == Mode::Off || x.headers.contains_key(UPGRADE) {
        return Window::new(None);
    }
    let enforce = enforced(x, Door::Injection);
    let rounds = pipeline.engine.policy.decode_rounds;
    let (metrics, sink) = (Arc::clone(&pipeline.shared.metrics), Arc::clone(&pipeline.shared.sink));
    let note = StreamNote::of(x);
    Window::new(Some(Box::new(move |window| {
        let Some(refusal) = doors::injection::judge_window(window, rounds) else { return Ok(()) };
        let verdict = if enforce { Verdict::Refused } else { Verdict::WouldRefuse };
        metrics.decided(Door::Injection.name(), refusal.rule, verdict);
        note.record(&*sink, refusal.rule, verdict, &refusal.evidence);
        if enforce { Err(BoxError::from("the stream was refused")) } else { Ok(()) }
    })))
}

/// The request as the upstream gets it: normalised target, verified identity, nothing that the checks on the
/// response could not read.
fn outgoing_request<B>(engine: &Engine, x: &mut Exchange<'_>, body: Forwarded<B>) -> Request<Forwarded<B>> {
    let headers = &mut x.headers;
    let auth = &engine.policy.auth;
    headers.remove(&auth.forward_subject);
    if let Some(subject) = x.principal.as_deref().and_then(|p| HeaderValue::from_str(&p.subject).ok()) {
        headers.insert(&auth.forward_subject, subject);
    }
    if let Ok(id) = HeaderValue::try_from(x.id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    if matches!(body, Forwarded::Held { .. }) {
        headers.remove(TRANSFER_ENCODING);
    }
    let mut method = x.method.clone();
    if holds_response(engine, x) {
        let headers = &mut x.headers;
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if doors::ownership::needs_body(x, engine) {
            for name in [RANGE, IF_RANGE, IF_NONE_MATCH, IF_MODIFIED_SINCE] {
                x.headers.remove(name);
            }
            // Whose object a HEAD asks about is in the body of the GET.
            if method == Method::HEAD {
                method = Method::GET;
            }
        }
    }
    let mut parts = request::Builder::new()
        .body(())
        .map(|r| r.into_parts().0)
        .unwrap_or_else(|_| Request::new(()).into_parts().0);
    parts.method = method;
    parts.version = x.version;
    parts.uri = x.target.path_and_query().parse().unwrap_or_default();
    parts.headers = x.headers.clone();
    Request::from_parts(parts, body)
}

/// Whether a response of this exchange may have to be read before it leaves.
fn holds_response(engine: &Engine, x: &Exchange<'_>) -> bool {
    let owner = on(x, Door::Ownership) && doors::ownership::needs_body(x, engine);
    let shape = on(x, Door::Schema)
        && x.route.responses == ResponseProperties::Strip
        && x.route.body != BodyHandling::Stream
        && x.operation()
            .is_some_and(|o| o.responses.iter().any(|r| r.content.iter().any(|m| m.shape.is_some())));
    owner || shape
}

/// Checks and strips the response's body where the policy asks for it; everything else passes as it comes.
async fn release<R>(
    pipeline: Pipeline<'_>,
    x: &mut Exchange<'_>,
    response: Response<R>,
) -> Response<Outgoing<R>>
where
    R: Body<Data = Bytes>,
{
    let engine = pipeline.engine;
    let (mut parts, body) = response.into_parts();
    if on(x, Door::Schema) && doors::schema::masks(x, engine, parts.status) {
        let enforce = enforced(x, Door::Schema);
        let verdict = if enforce { Verdict::Rewritten } else { Verdict::WouldRewrite };
        pipeline.note(x, Door::Schema.name(), "server-error", verdict, None, parts.status.as_str());
        if enforce {
            return problem(parts.status, x.id, &[]).map(Outgoing::held);
        }
    }
    let kind = essence(&parts.headers);
    let is_json = kind == "application/json" || kind.ends_with("+json");
    let owner =
        on(x, Door::Ownership) && parts.status.is_success() && doors::ownership::needs_body(x, engine);
    let shape = (on(x, Door::Schema) && is_json && x.route.responses == ResponseProperties::Strip)
        .then(|| doors::schema::response_shape(x, parts.status, &kind))
        .flatten();
    if (!owner && shape.is_none()) || body.is_end_stream() {
        return Response::from_parts(parts, Outgoing::streamed(body));
    }
    let limit = engine.policy.protocol.max_decoded_body.as_usize();
    let mut body = Box::pin(body);
    let held = match collect(body.as_mut(), limit, engine.policy.gateway.timeouts.upstream.0).await {
        Ok(held) => held,
        Err(CollectError::TooLarge(_)) if owner => {
            let refusal = doors::ownership::unreadable(engine, "a response too large to check");
            return refuse_response(pipeline, x, refusal);
        }
        Err(CollectError::TooLarge(read)) => {
            let evidence = "a response that is too large to strip";
            pipeline.note(
                x,
                Door::Schema.name(),
                "response-too-large",
                Verdict::WouldRewrite,
                None,
                evidence,
            );
            return Response::from_parts(parts, Outgoing::resumed(read, body));
        }
        Err(_) => {
            pipeline.note(x, "upstream", "broken", Verdict::Failed, Some(502), "the answer broke off");
            return problem(StatusCode::BAD_GATEWAY, x.id, &[]).map(Outgoing::held);
        }
    };
    if held.is_empty() {
        return Response::from_parts(parts, Outgoing::held(held));
    }
    let coding = parts.headers.get(CONTENT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let text = match decode(&coding, &held, &engine.policy.protocol) {
        Ok(decoded) => decoded.map_or_else(|| held.clone(), Bytes::from),
        Err(_) => Bytes::new(),
    };
    let structure = StructureLimits { depth: 128, members: usize::MAX };
    let mut value = if is_json { parse_json(&text, structure).ok() } else { None };
    let mut changed = false;
    if owner {
        let partial = parts.status == StatusCode::PARTIAL_CONTENT;
        match doors::ownership::release(x, engine, value.as_mut().filter(|_| !partial)) {
            Released::Unchanged => {}
            Released::Filtered(count) => {
                let verdict =
                    if enforced(x, Door::Ownership) { Verdict::Rewritten } else { Verdict::WouldRewrite };
                let evidence = format!("{count} objects of others");
                pipeline.note(x, Door::Ownership.name(), "owner-filter", verdict, None, &evidence);
                changed = true;
            }
            Released::Refused(refusal) => return refuse_or_pass(pipeline, x, refusal, parts, held),
        }
        if changed && !enforced(x, Door::Ownership) {
            // Observed only: what leaves is what came.
            return Response::from_parts(parts, Outgoing::held(held));
        }
    }
    if let (Some(shape), Some(value)) = (shape, value.as_mut()) {
        let before = (!enforced(x, Door::Schema)).then(|| value.clone());
        let removed = doors::schema::release(engine, shape, value);
        if !removed.is_empty() {
            let verdict = if before.is_none() { Verdict::Rewritten } else { Verdict::WouldRewrite };
            let evidence = crate::event::excerpt(removed.join(" ").as_bytes());
            pipeline.note(x, Door::Schema.name(), "response-property", verdict, None, &evidence);
            match before {
                Some(before) => *value = before,
                None => changed = true,
            }
        }
    }
    let body = match value {
        Some(value) if changed => {
            parts.headers.remove(CONTENT_ENCODING);
            parts.headers.remove(TRANSFER_ENCODING);
            // What was changed is no longer what the upstream's validator names.
            parts.headers.remove(ETAG);
            let body = Bytes::from(value.to_string());
            parts.headers.insert(CONTENT_LENGTH, body.len().into());
            body
        }
        _ => held,
    };
    Response::from_parts(parts, Outgoing::held(body))
}

fn refuse_or_pass<R>(
    pipeline: Pipeline<'_>,
    x: &mut Exchange<'_>,
    refusal: Refusal,
    parts: http::response::Parts,
    held: Bytes,
) -> Response<Outgoing<R>> {
    if enforced(x, Door::Ownership) {
        return refuse_response(pipeline, x, refusal);
    }
    pipeline.note(x, Door::Ownership.name(), refusal.rule, Verdict::WouldRefuse, None, &refusal.evidence);
    Response::from_parts(parts, Outgoing::held(held))
}

fn refuse_response<R>(
    pipeline: Pipeline<'_>,
    x: &mut Exchange<'_>,
    refusal: Refusal,
) -> Response<Outgoing<R>> {
    let status = Some(refusal.status.as_u16());
    pipeline.note(x, Door::Ownership.name(), refusal.rule, Verdict::Refused, status, &refusal.evidence);
    refusal.response(x.id).map(Outgoing::held)
}

fn answer<R>(status: StatusCode, headers: HeaderMap) -> Response<Outgoing<R>> {
    let mut response = Response::new(Outgoing::held(Bytes::new()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

/// What an event about a stream needs after its exchange is gone.
struct StreamNote {
    id: EventId,
    client: std::net::IpAddr,
    method: Method,
    path: String,
    route: Arc<str>,
    principal: Option<String>,
    started: std::time::Instant,
    now: SystemTime,
}

impl StreamNote {
    fn of(x: &Exchange<'_>) -> Self {
        StreamNote {
            id: x.id,
            client: x.client,
            method: x.method.clone(),
            path: x.target.path().to_owned(),
            route: Arc::clone(&x.route.name),
            principal: x.subject().map(str::to_owned),
            started: x.started,
            now: x.now,
        }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn record(&self, sink: &dyn EventSink, rule: &'static str, verdict: Verdict, evidence: &str) {
        sink.record(&Record::Event(crate::event::Event {
            time: Timestamp(self.now + self.elapsed()),
            id: self.id,
            door: Door::Injection.name(),
            rule,
            verdict,
            status: None,
            evidence,
            client: self.client,
            method: self.method.as_str(),
            path: &self.path,
            route: &self.route,
            principal: self.principal.as_deref(),
            latency_us: self.elapsed().as_micros() as u64,
        }));
    }
}

/// Counts and logs an exchange when its answer has ended.
struct Finish {
    note: Option<StreamNote>,
    started: std::time::Instant,
    status: StatusCode,
    shared: Arc<Shared>,
}

impl Finish {
    fn new(x: &Exchange<'_>, status: StatusCode, shared: Arc<Shared>) -> Self {
        let note = shared.sink.wants_access().then(|| StreamNote::of(x));
        Finish { note, started: x.started, status, shared }
    }
}

impl OnEnd for Finish {
    fn ended(&mut self, bytes: u64) {
        self.shared.metrics.answered(self.status.as_u16(), self.started.elapsed().as_secs_f64());
        let Some(note) = &self.note else { return };
        self.shared.sink.record(&Record::Access(Access {
            time: Timestamp(note.now + note.elapsed()),
            id: note.id,
            client: note.client,
            method: note.method.as_str(),
            path: &note.path,
            route: &note.route,
            principal: note.principal.as_deref(),
            status: self.status.as_u16(),
            bytes,
            latency_us: note.elapsed().as_micros() as u64,
        }));
    }
}

//! The end of an exchange: the last word of the doors on its answer, and its line when the last byte of the answer is
//! sent, or is not.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::HeaderName;
use http::{Response, StatusCode};
use http_body_util::Empty;

use super::Pipeline;
use crate::account::Account;
use crate::decision::problem;
use crate::decision::ruling::Ruling;
use crate::doors::network;
use crate::events::access::StreamNote;
use crate::events::allowing::{Place, allow_with};
use crate::events::evidence::Evidence;
use crate::events::metrics::Answered;
use crate::events::{Event, Record, Timestamp, Verdict};
use crate::exchange::id::EventId;
use crate::exchange::peer::Peer;
use crate::exchange::{CLIENT_LEFT, Exchange};
use crate::state::State;
use crate::wire::body::{End, OnEnd, Outgoing};

/// Lets every door count an answer and dress its head. The answer is another one when a door panics.
pub(crate) async fn finish<'e, R>(
    pipeline: Pipeline<'e>,
    x: &mut Exchange<'e>,
    mut response: Response<Outgoing<R>>,
) -> Response<Outgoing<R>> {
    x.read_as(0);
    for door in pipeline.doors().rev() {
        let status = response.status();
        let headers = response.headers_mut();
        let finishing = async { door.finish(pipeline.ruling, x, status, headers).answer().await };
        if AssertUnwindSafe(finishing).catch_unwind().await.is_err() {
            response = panicked(pipeline.ruling, x).map(Outgoing::held);
        }
    }
    pipeline.ruling.state.standing.attack.count(
        crate::network::network(x.client),
        response.status(),
        network::is_hostile(x),
        x.started.elapsed(),
    );
    if let Some(id) = x.request_id() {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

/// The door that events about the guard itself name.
pub(crate) const GUARD: Cow<'static, str> = Cow::Borrowed("guard");
/// The rule of a panic.
pub(crate) const PANIC: Cow<'static, str> = Cow::Borrowed("panic");
/// What an event says of it; where it was is in the process's own output.
pub(crate) const A_DOOR_PANICKED: &str = "a door panicked";

/// The answer to an exchange in which a door panicked, with its event.
pub(crate) fn panicked(ruling: Ruling<'_>, x: &Exchange<'_>) -> Response<Bytes> {
    // It may have been the sink that panicked.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        ruling.note(x, GUARD, PANIC, Verdict::Failed, Some(500), &A_DOOR_PANICKED.into());
    }));
    problem(StatusCode::INTERNAL_SERVER_ERROR, x.id, &[])
}

/// What is known of a request, or of a connection, that has become no exchange.
pub(crate) struct Early<'p> {
    pub(crate) now: SystemTime,
    pub(crate) peer: &'p Peer,
    pub(crate) method: &'p str,
    pub(crate) path: &'p str,
}

impl Early<'_> {
    /// Writes an event, under a new id.
    pub(crate) fn record(
        &self,
        state: &State,
        (door, rule): (Cow<'static, str>, Cow<'static, str>),
        verdict: Verdict,
        status: Option<u16>,
        evidence: &Evidence,
    ) -> EventId {
        let id = EventId::new(self.now);
        let place = Place { route: "", path: self.path, origin: None };
        let allow_with = allow_with((&door, &rule), verdict, evidence, place);
        let event = Event {
            time: Timestamp(self.now),
            id,
            request_id: None,
            door: &door,
            rule: &rule,
            verdict,
            status,
            allow_with: allow_with.as_deref(),
            evidence,
            client: self.peer.address,
            method: self.method,
            path: self.path,
            route: "",
            principal: None,
            latency_us: 0,
        };
        // It may be the sink that panics.
        let _ = catch_unwind(AssertUnwindSafe(|| state.sinks.record(&Record::Event(event))));
        state.metrics.decided(door.clone(), rule.clone(), verdict);
        id
    }
}

/// An exchange under way. Where it is dropped before it has its answer, the client has left: that is counted and logged.
pub(crate) struct Underway<'e> {
    pub(crate) x: Exchange<'e>,
    pipeline: Pipeline<'e>,
    state: &'e Arc<State>,
    has_answer: bool,
}

impl<'e> Underway<'e> {
    pub(crate) fn new(x: Exchange<'e>, pipeline: Pipeline<'e>, state: &'e Arc<State>) -> Self {
        Underway { x, pipeline, state, has_answer: false }
    }

    /// What is told of the end of the answer, with this status.
    pub(crate) fn answered(mut self, status: StatusCode) -> Finish {
        self.has_answer = true;
        Finish::new(&self.x, status, Arc::clone(self.state))
    }

    /// Nobody waits for the doors. For a client error none of them has to wait: what was taken from limits of failures
    /// stays taken, so that nobody tries passwords by leaving early.
    fn left(&mut self) {
        let status = StatusCode::from_u16(CLIENT_LEFT).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = Response::new(Outgoing::<Empty<Bytes>>::held(Bytes::new()));
        *response.status_mut() = status;
        let _ = finish(self.pipeline, &mut self.x, response).now_or_never();
        Finish::new(&self.x, status, Arc::clone(self.state)).ended(0, End::CutByClient);
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        if !self.has_answer {
            let _ = catch_unwind(AssertUnwindSafe(|| self.left()));
        }
    }
}

/// Counts and logs an exchange when its answer has ended.
pub(crate) struct Finish {
    note: Option<StreamNote>,
    route: Arc<str>,
    account: Arc<Account>,
    started: Instant,
    status: StatusCode,
    state: Arc<State>,
}

impl Finish {
    fn new(x: &Exchange<'_>, status: StatusCode, state: Arc<State>) -> Self {
        let note = state.sinks.wants_access().then(|| StreamNote::of(x));
        let (route, account) = (Arc::clone(&x.route.name), Arc::clone(&x.account));
        Finish { note, route, account, started: x.started, status, state }
    }
}

impl OnEnd for Finish {
    fn ended(&mut self, bytes: u64, end: End) {
        let account = &self.account;
        self.state.metrics.answered(&Answered {
            route: &self.route,
            status: self.status.as_u16(),
            duration: self.started.elapsed(),
            guard: account.guard_time(),
            upstream: account.upstream().map(|name| (name, account.upstream_time())),
            received: account.received_bytes(),
            sent: bytes,
        });
        if let Some(note) = &self.note {
            // This runs where the answer is dropped: a sink that panics must not end a connection.
            let _ =
                catch_unwind(AssertUnwindSafe(|| note.access(&self.state.sinks, self.status, bytes, end)));
        }
    }
}

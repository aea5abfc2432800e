//! The end of an exchange: counted and logged when the last byte of its answer is sent, or is not.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::{Method, StatusCode};
use policy::Door;

use crate::body::OnEnd;
use crate::event::{Access, Event, EventId, EventSink, Record, Timestamp, Verdict};
use crate::exchange::Exchange;
use crate::guard::Shared;

/// What an event about a stream needs after its exchange is gone.
pub(crate) struct StreamNote {
    id: EventId,
    client: std::net::IpAddr,
    method: Method,
    path: String,
    route: Arc<str>,
    principal: Option<String>,
    started: Instant,
    now: SystemTime,
}

impl StreamNote {
    pub(crate) fn of(x: &Exchange<'_>) -> Self {
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

    pub(crate) fn record(&self, sink: &dyn EventSink, rule: &'static str, verdict: Verdict, evidence: &str) {
        sink.record(&Record::Event(Event {
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
pub(crate) struct Finish {
    note: Option<StreamNote>,
    started: Instant,
    status: StatusCode,
    shared: Arc<Shared>,
}

impl Finish {
    pub(crate) fn new(x: &Exchange<'_>, status: StatusCode, shared: Arc<Shared>) -> Self {
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

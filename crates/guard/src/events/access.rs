//! What is written down when an exchange is gone already: the line of a request served, and events about a stream.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::{Method, StatusCode};

use super::evidence::Evidence;
use super::fan_out::FanOut;
use super::{Access, Event, Record, Timestamp, Verdict, micros};
use crate::exchange::Exchange;
use crate::exchange::id::EventId;

/// What a line about an exchange needs after it is gone.
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
            path: x.sent_path().to_owned(),
            route: Arc::clone(&x.route.name),
            principal: x.subject().map(str::to_owned),
            started: x.started,
            now: x.now,
        }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn record(
        &self,
        sinks: &FanOut,
        door: &str,
        rule: &str,
        verdict: Verdict,
        evidence: &Evidence,
    ) {
        sinks.record(&Record::Event(Event {
            time: Timestamp(self.now + self.elapsed()),
            id: self.id,
            door,
            rule,
            verdict,
            status: None,
            evidence,
            client: self.client,
            method: self.method.as_str(),
            path: &self.path,
            route: &self.route,
            principal: self.principal.as_deref(),
            latency_us: micros(self.elapsed()),
        }));
    }

    /// The line of a request served.
    pub(crate) fn access(&self, sinks: &FanOut, status: StatusCode, bytes: u64) {
        sinks.access_line(&Access {
            time: Timestamp(self.now + self.elapsed()),
            id: self.id,
            client: self.client,
            method: self.method.as_str(),
            path: &self.path,
            route: &self.route,
            principal: self.principal.as_deref(),
            status: status.as_u16(),
            bytes,
            latency_us: micros(self.elapsed()),
        });
    }
}

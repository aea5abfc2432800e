//! What is written down when an exchange is gone already: the line of a request, and events about a stream.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::header::HeaderValue;
use http::{Method, StatusCode, Uri, Version};

use super::allowing::{Place, allow_with};
use super::evidence::Evidence;
use super::fan_out::FanOut;
use super::redact::{clipped, shown_query, shown_reference};
use super::{Access, Event, Record, Timestamp, Verdict, micros};
use crate::account::Account;
use crate::exchange::Exchange;
use crate::exchange::id::EventId;
use crate::wire::body::End;

/// What a line about an exchange needs after it is gone.
pub(crate) struct StreamNote {
    id: EventId,
    client: std::net::IpAddr,
    method: Method,
    target: Uri,
    version: Version,
    route: Arc<str>,
    principal: Option<String>,
    account: Arc<Account>,
    started: Instant,
    now: SystemTime,
}

impl StreamNote {
    pub(crate) fn of(x: &Exchange<'_>) -> Self {
        StreamNote {
            id: x.id,
            client: x.client,
            method: x.method.clone(),
            target: x.sent.clone(),
            version: x.version,
            route: Arc::clone(&x.route.name),
            principal: x.subject().map(str::to_owned),
            account: Arc::clone(&x.account),
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
        self.account.judged(verdict.gravity());
        let place = Place { route: &self.route, path: self.target.path(), origin: None };
        let allow_with = allow_with((door, rule), verdict, evidence, place);
        sinks.record(&Record::Event(Event {
            time: Timestamp(self.now + self.elapsed()),
            id: self.id,
            request_id: self.account.request_id(),
            door,
            rule,
            verdict,
            status: None,
            allow_with: allow_with.as_deref(),
            evidence,
            client: self.client,
            method: self.method.as_str(),
            path: self.target.path(),
            route: &self.route,
            principal: self.principal.as_deref(),
            latency_us: micros(self.elapsed()),
        }));
    }

    /// The line of a request that is over.
    pub(crate) fn access(&self, sinks: &FanOut, status: StatusCode, bytes: u64, end: End) {
        let account = &*self.account;
        let referrer = account.referrer.as_ref();
        sinks.access_line(&Access {
            time: self.now + self.elapsed(),
            id: self.id,
            request_id: account.request_id(),
            client: self.client,
            method: self.method.as_str(),
            host: text(&account.host),
            path: self.target.path(),
            query: self.target.query().map(|query| shown_query(query.as_bytes()).into()),
            protocol: protocol(self.version),
            tls: account.connection.tls,
            server_name: account.connection.server_name.as_deref(),
            ja4: account.connection.ja4.as_deref(),
            connection_id: account.connection.id.as_deref(),
            route: &self.route,
            principal: self.principal.as_deref(),
            user_agent: text(&account.user_agent),
            referrer: referrer.map(|referrer| shown_reference(referrer.as_bytes()).into()),
            status: status.as_u16(),
            verdict: Verdict::name_of(account.gravest()),
            received_bytes: account.received_bytes(),
            bytes,
            cut_off_by: self.cut_off_by(status, end),
            upstream: account.upstream().map(|name| &**name),
            latency_us: micros(self.elapsed()),
            upstream_us: micros(account.upstream_time()),
            guard_us: micros(account.guard_time()),
        });
    }

    /// Who broke the answer off. Some answers have no body, whatever their heads say of one.
    fn cut_off_by(&self, status: StatusCode, end: End) -> Option<&'static str> {
        let is_bodiless = self.method == Method::HEAD
            || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
        match end {
            End::Whole => None,
            End::CutByClient if is_bodiless => None,
            End::CutByClient => Some("client"),
            End::CutByUpstream => Some("upstream"),
        }
    }
}

fn text(value: &Option<HeaderValue>) -> Option<Cow<'_, str>> {
    value.as_ref().map(|value| clipped(value.as_bytes()))
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_11 => "HTTP/1.1",
        _ => "HTTP",
    }
}

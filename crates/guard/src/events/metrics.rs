//! What is counted, for Prometheus.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::Verdict;
use super::bounded::Bounded;
use super::exposition::Exposition;

/// What is counted. Labels come from the policy and from the doors; the number of their values is bounded.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabel, Histogram, Buckets>,
    guard_durations: Histogram,
    upstream_requests: Family<UpstreamLabels, Counter>,
    upstream_durations: Family<UpstreamLabel, Histogram, Buckets>,
    decisions: Family<DecisionLabels, Counter>,
    received: Counter,
    sent: Counter,
    /// Connections open now.
    pub connections: Gauge,
    /// Tunnels open now.
    pub tunnels: Gauge,
    /// Connections that could not be accepted: the process is out of descriptors, or the like.
    pub accept_failures: Counter,
    /// Bytes of bodies and answers that are held now.
    pub(crate) held_bytes: Gauge<u64, AtomicU64>,
    /// 0 while the store of limits is away.
    pub(crate) limits_shared: Gauge<u64, AtomicU64>,
    /// Connections that were closed before they were of use.
    closed: Family<ClosedLabel, Counter>,
    /// Requests under way.
    pub(crate) in_flight: Gauge<u64, AtomicU64>,
    /// 1 while an attack lasts.
    pub(crate) under_attack: Gauge<u64, AtomicU64>,
    /// Upstream failures: connect errors, time-outs, malformed answers.
    pub upstream_failures: Counter,
    dropped_lines: Counter,
    routes: Bounded,
    upstreams: Bounded,
    rules: Bounded,
}

/// An exchange that is over, for the metrics.
pub(crate) struct Answered<'a> {
    pub(crate) route: &'a Arc<str>,
    pub(crate) status: u16,
    pub(crate) duration: Duration,
    pub(crate) guard: Duration,
    /// The upstream that answered, and how long it took.
    pub(crate) upstream: Option<(&'a Arc<str>, Duration)>,
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: Arc<str>,
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClosedLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    upstream: Arc<str>,
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabel {
    upstream: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    door: Cow<'static, str>,
    rule: Cow<'static, str>,
    verdict: VerdictLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct VerdictLabel(Verdict);

impl EncodeLabelValue for VerdictLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.name().encode(encoder)
    }
}

/// Makes the histograms of a family.
#[derive(Debug, Clone)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Metrics {
            registry: Registry::with_prefix("doorward"),
            requests: Family::default(),
            durations: Family::new_with_constructor(Buckets),
            guard_durations: Histogram::new([
                0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1,
            ]),
            upstream_requests: Family::default(),
            upstream_durations: Family::new_with_constructor(Buckets),
            decisions: Family::default(),
            received: Counter::default(),
            sent: Counter::default(),
            connections: Gauge::default(),
            tunnels: Gauge::default(),
            accept_failures: Counter::default(),
            held_bytes: Gauge::default(),
            limits_shared: Gauge::default(),
            closed: Family::default(),
            in_flight: Gauge::default(),
            under_attack: Gauge::default(),
            upstream_failures: Counter::default(),
            dropped_lines: Counter::default(),
            routes: Bounded::default(),
            upstreams: Bounded::default(),
            rules: Bounded::default(),
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let started = Gauge::<u64, AtomicU64>::default();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        started.set(now.map_or(0, |now| now.as_secs()));
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        let r = &mut self.registry;
        r.register("build", "The version that runs", build);
        r.register_with_unit("start_time", "When it was started, since 1970", Unit::Seconds, started);
        r.register("requests", "Requests, by route and class of status", self.requests.clone());
        r.register_with_unit(
            "request_duration",
            "From a request's head to the end of its answer, by route; tunnels are left out",
            Unit::Seconds,
            self.durations.clone(),
        );
        r.register_with_unit(
            "guard_duration",
            "Time in which the doors worked on a request",
            Unit::Seconds,
            self.guard_durations.clone(),
        );
        r.register(
            "upstream_requests",
            "Answers of upstreams, by upstream and class of the status that the client got",
            self.upstream_requests.clone(),
        );
        r.register_with_unit(
            "upstream_duration",
            "From a forwarded request to the head of its answer, by upstream",
            Unit::Seconds,
            self.upstream_durations.clone(),
        );
        r.register("upstream_failures", "Requests that no upstream answered", self.upstream_failures.clone());
        r.register("decisions", "Decisions of doors, by door, rule and verdict", self.decisions.clone());
        r.register("received_bytes", "Bytes of request bodies, and from tunnels", self.received.clone());
        r.register("sent_bytes", "Bytes of answers' bodies, and into tunnels", self.sent.clone());
        r.register("connections", "Client connections open now", self.connections.clone());
        r.register("tunnels", "WebSockets and other tunnels open now", self.tunnels.clone());
        r.register(
            "accept_failures",
            "Times that a connection could not be accepted",
            self.accept_failures.clone(),
        );
        self.limits_shared.set(1);
        r.register(
            "limits_shared",
            "0 while the store of limits is away and each gateway counts for itself",
            self.limits_shared.clone(),
        );
        r.register("requests_in_flight", "Requests under way", self.in_flight.clone());
        r.register(
            "connections_closed",
            "Connections that were closed before they were of use",
            self.closed.clone(),
        );
        r.register("under_attack", "1 while an attack lasts", self.under_attack.clone());
        r.register("held_bytes", "Bytes of bodies and answers that are held now", self.held_bytes.clone());
        r.register(
            "log_lines_dropped",
            "Log lines that were not written: the writer was too slow, or failed",
            self.dropped_lines.clone(),
        );
        self
    }

    pub(crate) fn answered(&self, answered: &Answered<'_>) {
        let (route, class) = (self.routes.label(answered.route), class(answered.status));
        let is_tunnel = answered.status == 101;
        self.requests.get_or_create(&RequestLabels { route: Arc::clone(&route), class }).inc();
        if !is_tunnel {
            self.durations.get_or_create(&RouteLabel { route }).observe(answered.duration.as_secs_f64());
        }
        self.guard_durations.observe(answered.guard.as_secs_f64());
        if let Some((upstream, duration)) = answered.upstream {
            let upstream = self.upstreams.label(upstream);
            let labels = UpstreamLabels { upstream: Arc::clone(&upstream), class };
            self.upstream_requests.get_or_create(&labels).inc();
            let durations = self.upstream_durations.get_or_create(&UpstreamLabel { upstream });
            durations.observe(duration.as_secs_f64());
        }
        self.received.inc_by(answered.received);
        self.sent.inc_by(answered.sent);
    }

    /// A connection was closed before it was of use.
    pub fn connection_closed(&self, reason: &'static str) {
        self.closed.get_or_create(&ClosedLabel { reason }).inc();
    }

    pub(crate) fn decided(&self, door: Cow<'static, str>, rule: Cow<'static, str>, verdict: Verdict) {
        // Names in the program's text are few; those of other doors may be made of anything.
        let rule = match rule {
            Cow::Borrowed(_) => rule,
            Cow::Owned(rule) => self.rules.label(&rule.into()).to_string().into(),
        };
        self.decisions.get_or_create(&DecisionLabels { door, rule, verdict: VerdictLabel(verdict) }).inc();
    }

    /// All of it as text, with the number of log lines that were dropped.
    pub fn text(&self, exposition: Exposition, dropped_lines: u64) -> String {
        self.dropped_lines.inner().store(dropped_lines, Ordering::Relaxed);
        exposition.text(&self.registry)
    }
}

fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    }
}

//! Counters for Prometheus.

use std::borrow::Cow;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::Verdict;

/// What is counted.
pub struct Metrics {
    registry: Registry,
    by_class: [Counter; 6],
    decisions: Family<DecisionLabels, Counter>,
    latency: Histogram,
    /// Connections open now.
    pub connections: Gauge,
    /// Tunnels open now.
    pub tunnels: Gauge,
    /// Bytes of bodies and answers that are held now.
    pub(crate) held_bytes: Gauge<u64, AtomicU64>,
    /// Upstream failures: connect errors, time-outs, malformed answers.
    pub upstream_failures: Counter,
    dropped_lines: Gauge<u64, AtomicU64>,
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

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabels {
    class: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("doorward");
        let requests = Family::<ClassLabels, Counter>::default();
        registry.register("requests", "Requests answered, by class of status", requests.clone());
        let by_class = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"]
            .map(|class| requests.get_or_create(&ClassLabels { class }).clone());
        let decisions = Family::default();
        registry.register(
            "decisions",
            "Decisions of doors, by door, rule and verdict",
            Clone::clone(&decisions),
        );
        let latency = Histogram::new(exponential_buckets(0.000_1, 2.0, 18));
        registry.register(
            "request_duration_seconds",
            "From the request's head to the response's end",
            latency.clone(),
        );
        let connections = Gauge::default();
        registry.register("connections", "Client connections open now", connections.clone());
        let tunnels = Gauge::default();
        registry.register("tunnels", "WebSockets and other tunnels open now", tunnels.clone());
        let held_bytes = Gauge::default();
        registry.register("held_bytes", "Bytes of bodies and answers that are held now", held_bytes.clone());
        let upstream_failures = Counter::default();
        registry.register("upstream_failures", "Upstream failures", upstream_failures.clone());
        let dropped_lines = Gauge::default();
        registry.register(
            "log_lines_dropped",
            "Log lines dropped because the writer was too slow",
            dropped_lines.clone(),
        );
        Metrics {
            registry,
            by_class,
            decisions,
            latency,
            connections,
            tunnels,
            held_bytes,
            upstream_failures,
            dropped_lines,
        }
    }
}

impl Metrics {
    pub(crate) fn answered(&self, status: u16, seconds: f64) {
        let class = usize::from(status / 100);
        if let Some(counter) = self.by_class.get(class).or(self.by_class.first()) {
            counter.inc();
        }
        self.latency.observe(seconds);
    }

    pub(crate) fn decided(&self, door: Cow<'static, str>, rule: Cow<'static, str>, verdict: Verdict) {
        self.decisions.get_or_create(&DecisionLabels { door, rule, verdict: VerdictLabel(verdict) }).inc();
    }

    /// The text exposition format (OpenMetrics).
    pub fn text(&self, dropped_lines: u64) -> String {
        self.dropped_lines.set(dropped_lines);
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut out, &self.registry);
        out
    }
}

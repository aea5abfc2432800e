//! Events: one line of JSON for every refusal, every would-be refusal, every change, and every request served.

pub(crate) mod access;
pub(crate) mod log_writer;
pub(crate) mod metrics;
pub(crate) mod modsecurity;
pub(crate) mod redact;

use std::time::SystemTime;

use learn::Observation;
use serde::{Serialize, Serializer};

use crate::exchange::id::EventId;
use modsecurity::Audit;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Refused.
    Refused,
    /// The door observes: it would have been refused.
    WouldRefuse,
    /// Changed and passed.
    Rewritten,
    /// The door observes: it would have been changed.
    WouldRewrite,
    /// Passed, and worth knowing.
    Reported,
    /// Something failed; the exchange got an error.
    Failed,
}

impl Verdict {
    /// The name in events and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Refused => "refused",
            Verdict::WouldRefuse => "would-refuse",
            Verdict::Rewritten => "rewritten",
            Verdict::WouldRewrite => "would-rewrite",
            Verdict::Reported => "reported",
            Verdict::Failed => "failed",
        }
    }
}

/// A line of the log.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Record<'a> {
    /// A door's decision, or a failure.
    Event(Event<'a>),
    /// A request served.
    Access(Access<'a>),
    /// Something about the process: started, reloaded, draining.
    Notice {
        /// When.
        time: Timestamp,
        /// What.
        message: &'a str,
    },
}

/// A door's decision.
#[derive(Debug, Serialize)]
pub struct Event<'a> {
    /// When.
    pub time: Timestamp,
    /// The id that the client got.
    pub id: EventId,
    /// Which door, or `upstream`.
    pub door: &'a str,
    /// Which rule of it.
    pub rule: &'a str,
    /// What became of it.
    pub verdict: Verdict,
    /// Status that the client got, when refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What was seen, secrets redacted.
    pub evidence: &'a str,
    /// Client address.
    pub client: std::net::IpAddr,
    /// Request method.
    pub method: &'a str,
    /// Request path, without the query.
    pub path: &'a str,
    /// Matched route.
    pub route: &'a str,
    /// Verified subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<&'a str>,
    /// Microseconds since the request's head was read.
    pub latency_us: u64,
}

/// A request served.
#[derive(Debug, Serialize)]
pub struct Access<'a> {
    /// When it ended.
    pub time: Timestamp,
    /// Its id.
    pub id: EventId,
    /// Client address.
    pub client: std::net::IpAddr,
    /// Request method.
    pub method: &'a str,
    /// Request path, without the query.
    pub path: &'a str,
    /// Matched route.
    pub route: &'a str,
    /// Verified subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<&'a str>,
    /// Status that the client got.
    pub status: u16,
    /// Bytes of the response body that were sent.
    pub bytes: u64,
    /// Microseconds from the request's head to the end of the response.
    pub latency_us: u64,
}

/// A time as RFC 3339 with milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Timestamp(pub SystemTime);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&humantime::format_rfc3339_millis(self.0))
    }
}

/// Where lines go. Never blocks the caller.
pub trait EventSink: Send + Sync {
    /// Takes a line.
    fn record(&self, record: &Record<'_>);

    /// Whether requests served are wanted too.
    fn wants_access(&self) -> bool;

    /// Whether what rules found is wanted in the form of ModSecurity's audit log.
    fn wants_audit(&self) -> bool {
        false
    }

    /// Takes an entry of the audit log.
    fn audit(&self, _entry: &Audit) {}

    /// Lines that had to be dropped.
    fn dropped(&self) -> u64 {
        0
    }

    /// Whether exchanges are to be learnt from; then answers are held to be read.
    fn watches(&self) -> bool {
        false
    }

    /// Takes an exchange to learn from.
    fn watch(&self, _observation: Observation) {}
}

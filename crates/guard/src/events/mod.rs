//! Events: one line of JSON for every refusal, every refusal that observe mode let pass, every change, and every request served.

pub(crate) mod access;
pub(crate) mod access_line;
pub(crate) mod allowing;
pub(crate) mod bounded;
pub(crate) mod evidence;
pub(crate) mod exposition;
pub(crate) mod fan_out;
pub(crate) mod log_writer;
pub(crate) mod metrics;
pub(crate) mod modsecurity;
pub(crate) mod redact;
pub(crate) mod sinks;
mod timestamp;

use std::time::Duration;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::exchange::id::EventId;
pub use access_line::Access;
use evidence::Evidence;
pub use timestamp::Timestamp;

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

/// The verdicts from the mildest to the gravest.
const BY_GRAVITY: [Verdict; 6] = [
    Verdict::Reported,
    Verdict::WouldRewrite,
    Verdict::Rewritten,
    Verdict::WouldRefuse,
    Verdict::Failed,
    Verdict::Refused,
];

impl Verdict {
    /// How grave it is, from 1.
    pub(crate) fn gravity(self) -> u8 {
        BY_GRAVITY
            .iter()
            .position(|verdict| *verdict == self)
            .map_or(0, |at| u8::try_from(at + 1).unwrap_or(u8::MAX))
    }

    /// The name of the verdict of a gravity; 0 is none.
    pub(crate) fn name_of(gravity: u8) -> &'static str {
        let at = usize::from(gravity).checked_sub(1);
        at.and_then(|at| BY_GRAVITY.get(at)).map_or("passed", |verdict| verdict.name())
    }

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
    /// A request that is over.
    Access(&'a Access<'a>),
    /// A step of an account of the user service.
    Account(AccountStep<'a>),
    /// Something about the process: started, reloaded, draining.
    Notice {
        /// When.
        time: Timestamp,
        /// What.
        message: &'a str,
    },
}

/// A step of an account: a log in, a change of a password. Nothing secret is in it.
#[derive(Debug, Serialize)]
pub struct AccountStep<'a> {
    /// When.
    pub time: Timestamp,
    /// Which door.
    pub door: &'static str,
    /// Which step.
    pub rule: &'static str,
    /// What became of it.
    pub verdict: Verdict,
    /// Client address; none for what an operator did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<std::net::IpAddr>,
    /// The user, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<&'a str>,
    /// By which means, or why.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub message: &'a str,
}

/// A door's decision.
#[derive(Debug, Serialize)]
pub struct Event<'a> {
    /// When.
    pub time: Timestamp,
    /// The id that the client got.
    pub id: EventId,
    /// The `X-Request-Id` that a trusted proxy gave the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// Which door, or `upstream`.
    pub door: &'a str,
    /// Which rule of it.
    pub rule: &'a str,
    /// What became of it.
    pub verdict: Verdict,
    /// Status that the client got, when refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The setting that would allow it on this route, as it is written in `doorward.toml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_with: Option<&'a str>,
    /// What the door saw, secrets redacted. Written as fields (`evidence`) and as a sentence (`message`).
    #[serde(flatten, serialize_with = "with_message")]
    pub evidence: &'a Evidence,
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

fn with_message<S: Serializer>(evidence: &&Evidence, s: S) -> Result<S::Ok, S::Error> {
    let mut map = s.serialize_map(Some(2))?;
    map.serialize_entry("evidence", evidence)?;
    map.serialize_entry("message", &evidence.to_string())?;
    map.end()
}

/// A latency in microseconds.
pub(crate) fn micros(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use evidence::Side;

    #[test]
    fn an_event_has_its_evidence_as_fields_and_as_a_sentence() {
        let evidence = Evidence::default().compared(Side::Object, "/user_id", Some("1"));
        let evidence = evidence.compared(Side::Caller, "sub", Some("\"2\""));
        let record = Record::Event(Event {
            time: Timestamp(SystemTime::UNIX_EPOCH),
            id: EventId::new(SystemTime::UNIX_EPOCH),
            request_id: None,
            door: "ownership",
            rule: "owner",
            verdict: Verdict::Refused,
            status: Some(404),
            allow_with: None,
            evidence: &evidence,
            client: [203, 0, 113, 7].into(),
            method: "GET",
            path: "/orders/1",
            route: "/orders/{id}",
            principal: Some("2"),
            latency_us: 7,
        });
        let mut written = serde_json::to_value(&record).unwrap();
        assert_eq!(written["id"].as_str().map(str::len), Some(32));
        written["id"] = "".into();
        assert_eq!(
            written,
            serde_json::json!({
                "type": "event", "time": "1970-01-01T00:00:00.000Z", "id": "", "door": "ownership", "rule": "owner",
                "verdict": "refused", "status": 404,
                "evidence": {"compared": [
                    {"side": "object", "name": "/user_id", "value": "1"},
                    {"side": "caller", "name": "sub", "value": "\"2\""},
                ]},
                "message": "/user_id is 1; the caller's sub is \"2\"",
                "client": "203.0.113.7", "method": "GET", "path": "/orders/1", "route": "/orders/{id}",
                "principal": "2", "latency_us": 7,
            })
        );
    }
}

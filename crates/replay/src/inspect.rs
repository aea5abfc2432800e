//! One request through the guard, in front of an API that always gives the same response.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use guard::body::Forwarded;
use guard::{
    Audit, AuditSink, EventSink, FanOut, Guard, GuardError, Peer, PreAuthenticated, Record, Transport,
};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use identity::Principal;
use policy::Policy;
use serde_json::{Map, Value};

/// A request and its surroundings.
#[derive(Debug)]
pub struct Scenario {
    /// The request.
    pub request: Request<Full<Bytes>>,
    /// The claims of the caller, taken as verified.
    pub claims: Option<Map<String, Value>>,
    /// The JSON body of every response of the API: to the request, and to reads of the objects that it names.
    pub response: Bytes,
}

impl Scenario {
    /// A request without claims, to an API that responds with `{}`.
    pub fn new(request: Request<Full<Bytes>>) -> Self {
        Scenario { request, claims: None, response: Bytes::from_static(b"{}") }
    }
}

/// The result of a request.
#[derive(Debug)]
pub struct Inspection {
    /// The decisions of the doors and the matches of rules, in order.
    pub entries: Vec<Entry>,
    /// The requests that the API gets: method, target and body.
    pub forwarded: Vec<String>,
    /// The status that the client gets.
    pub status: StatusCode,
    /// The body that the client gets.
    pub body: Bytes,
}

/// A decision or a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An event of a door.
    Event {
        /// Whether the door refused, or would have, or only reported.
        verdict: &'static str,
        /// The door.
        door: String,
        /// The rule of the door.
        rule: String,
        /// What the rule found or compared.
        evidence: String,
    },
    /// A match of a rule of the rule set.
    Match {
        /// The id of the rule.
        rule_id: String,
        /// The message of the rule.
        message: String,
        /// The variable that matched, as `ARGS:name`.
        variable: String,
        /// The value that the rule saw, after its transformations.
        value: String,
        /// The part of the value that matched, if the rule logs it.
        part: Option<String>,
    },
}

/// Why a request cannot be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The policy cannot be put in force.
    #[error(transparent)]
    Guard(#[from] GuardError),
}

/// Passes a request through a guard with this policy.
///
/// # Errors
/// If the policy cannot be put in force, as when a key cannot be read.
pub async fn inspect(policy: Policy, scenario: Scenario) -> Result<Inspection, InspectError> {
    let Scenario { mut request, claims, response } = scenario;
    if let Some(claims) = claims {
        request.extensions_mut().insert(PreAuthenticated(Principal::from_claims(claims)));
    }
    let sink = Arc::new(Collector::default());
    let stores = guard::open_stores(&policy)?;
    let sinks = FanOut::new().events(sink.clone()).audit(sink.clone());
    let guard = Guard::new(policy, stores, sinks)?;
    let peer =
        Peer { address: IpAddr::V4(Ipv4Addr::LOCALHOST), transport: Transport::Plain, violation: None };
    let mut forwarded: Vec<String> = Vec::new();
    let forward = |request: Request<Forwarded<Full<Bytes>>>, _| {
        let body = request.body().bytes().unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        forwarded.push(format!("{} {}  {body}", request.method(), request.uri()).trim_end().to_owned());
        let mut response = Response::new(Full::new(response.clone()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        std::future::ready(Ok(response))
    };
    let response = guard.handle(request, peer, forward).await;
    let status = response.status();
    let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let entries = std::mem::take(&mut *sink.entries.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Inspection { entries, forwarded, status, body })
}

/// Keeps events and matches.
#[derive(Default)]
struct Collector {
    entries: Mutex<Vec<Entry>>,
}

impl EventSink for Collector {
    fn record(&self, record: &Record<'_>) {
        if let Record::Event(event) = record {
            self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(Entry::Event {
                verdict: event.verdict.name(),
                door: event.door.to_string(),
                rule: event.rule.to_string(),
                evidence: event.evidence.to_string(),
            });
        }
    }
}

impl AuditSink for Collector {
    fn audit(&self, entry: &Audit) {
        let matches = entry.transaction.messages.iter().map(|found| {
            let details = &found.details;
            Entry::Match {
                rule_id: details.rule_id.clone(),
                message: found.message.clone(),
                variable: details.variable.clone(),
                value: details.value.clone(),
                part: matched_part(&details.data),
            }
        });
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).extend(matches);
    }
}

/// The matched part in the `logdata` of a rule, as the Core Rule Set writes it.
fn matched_part(data: &str) -> Option<String> {
    let part = data.strip_prefix("Matched Data: ")?.split(" found within ").next()?;
    (!part.is_empty()).then(|| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    async fn inspected(policy: &str, request: &str, claims: Option<&str>) -> Inspection {
        let inputs = policy::Inputs { text: Some(policy.into()), ..policy::Inputs::default() };
        let claims = claims.map(|claims| serde_json::from_str(claims).unwrap());
        let response = Bytes::from_static(br#"{"id":7,"user_id":1}"#);
        let scenario = Scenario { request: parse(request.as_bytes()).unwrap(), claims, response };
        inspect(policy::load(&inputs).unwrap(), scenario).await.unwrap()
    }

    #[tokio::test]
    async fn the_api_sees_what_passes_and_nothing_else() {
        for (request, status, forwarded) in [
            ("GET /a?b=c HTTP/1.1\nUser-Agent: me\n\n", 200, &["GET /a?b=c"][..]),
            ("POST /a HTTP/1.1\nUser-Agent: me\nContent-Type: text/plain\n\nhello", 200, &["POST /a  hello"]),
            ("GET /?q=%27%20OR%20%271%27=%271 HTTP/1.1\nUser-Agent: me\n\n", 403, &[]),
        ] {
            let inspection = inspected("", request, None).await;
            assert_eq!(inspection.status.as_u16(), status, "{request}");
            assert_eq!(inspection.forwarded, forwarded, "{request}");
            let refused = inspection.entries.iter().any(|entry| {
                matches!(entry, Entry::Event { verdict: "refused", door, rule, .. } if door == "injection" && rule == "sql")
            });
            assert_eq!(refused, status == 403, "{:?}", inspection.entries);
        }
    }

    #[tokio::test]
    async fn claims_are_taken_as_verified() {
        let key = "[[auth.api_key]]\nsubject = 'a'\n\
            sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'\n";
        let policy = format!("{key}[[route]]\npath = '/orders/{{id}}'\nowner = '/user_id'");
        let request = "GET /orders/7 HTTP/1.1\nUser-Agent: me\n\n";
        for (claims, status) in [(r#"{"sub":"1"}"#, 200), (r#"{"sub":"2"}"#, 404)] {
            let inspection = inspected(&policy, request, Some(claims)).await;
            assert_eq!(inspection.status.as_u16(), status, "{claims}: {:?}", inspection.entries);
        }
    }

    #[test]
    fn the_matched_part_is_taken_from_the_log_data() {
        for (data, expected) in [
            ("Matched Data: abc found within ARGS:a: xabcx", Some("abc")),
            ("Matched Data:  found within ARGS:a: x", None),
            ("something else", None),
            ("", None),
        ] {
            assert_eq!(matched_part(data).as_deref(), expected, "{data}");
        }
    }
}

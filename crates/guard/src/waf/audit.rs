//! What the rules found, in the JSON form of ModSecurity's audit log, so that what reads such logs reads ours.
//!
//! Parts A, B, F and H; bodies are left out, and what is secret by its name is redacted.

use std::time::SystemTime;

use http::StatusCode;
use seclang::{RuleMatch, Transaction};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::event::is_secret;
use crate::exchange::Exchange;

const REDACTED: &str = "[redacted]";

/// An entry of the audit log.
#[derive(Debug, Serialize)]
pub struct Audit {
    /// All of it.
    pub transaction: AuditTransaction,
}

/// An exchange in which rules matched.
#[derive(Debug, Serialize)]
pub struct AuditTransaction {
    client_ip: String,
    time_stamp: String,
    unique_id: String,
    request: AuditRequest,
    response: AuditResponse,
    producer: AuditProducer,
    /// What matched, in order.
    pub messages: Vec<AuditMessage>,
}

#[derive(Debug, Serialize)]
struct AuditRequest {
    method: String,
    http_version: String,
    uri: String,
    headers: Headers,
}

#[derive(Debug, Serialize)]
struct AuditResponse {
    http_code: u16,
}

#[derive(Debug, Serialize)]
struct AuditProducer {
    modsecurity: &'static str,
    connector: &'static str,
    secrules_engine: &'static str,
    components: Vec<String>,
}

/// A rule that matched.
#[derive(Debug, Serialize)]
pub struct AuditMessage {
    /// What it says.
    pub message: String,
    /// Which it is, and what it saw.
    pub details: AuditDetails,
}

/// Which rule matched, and what it saw.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditDetails {
    #[serde(rename = "match")]
    what: String,
    /// The variable that matched.
    #[serde(skip)]
    pub variable: String,
    /// Its value as the rule saw it: transformed, and redacted when it is a secret by its name.
    #[serde(skip)]
    pub value: String,
    reference: &'static str,
    /// Its id.
    pub rule_id: String,
    file: String,
    line_number: String,
    /// What it says of the value.
    pub data: String,
    severity: String,
    ver: String,
    rev: &'static str,
    /// Its tags.
    pub tags: Vec<String>,
    maturity: &'static str,
    accuracy: &'static str,
}

/// Names and values; lines of one name follow each other.
#[derive(Debug)]
struct Headers(Vec<(String, String)>);

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Audit {
    pub(crate) fn of(x: &Exchange<'_>, transaction: &Transaction<'_>, status: StatusCode) -> Audit {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = transaction.headers().map(|(name, value)| {
            let name = text(name);
            let value = if is_secret(&name) { REDACTED.to_owned() } else { text(value) };
            (name, value)
        });
        let request = AuditRequest {
            method: text(transaction.method()),
            http_version: text(transaction.protocol()).trim_start_matches("HTTP/").to_owned(),
            uri: without_secrets(&text(transaction.target())),
            headers: Headers(headers.collect()),
        };
        let producer = AuditProducer {
            modsecurity: "Doorward",
            connector: concat!("doorward ", env!("CARGO_PKG_VERSION")),
            secrules_engine: if transaction.decides() { "Enabled" } else { "DetectionOnly" },
            components: transaction.components().to_vec(),
        };
        Audit {
            transaction: AuditTransaction {
                client_ip: x.client.to_string(),
                time_stamp: asctime(x.now),
                unique_id: x.id.to_string(),
                request,
                response: AuditResponse { http_code: status.as_u16() },
                producer,
                messages: transaction.matches().iter().map(message).collect(),
            },
        }
    }
}

fn message(found: &RuleMatch) -> AuditMessage {
    let secret = is_secret(&found.variable);
    let value = if secret { REDACTED.into() } else { String::from_utf8_lossy(&found.value) };
    AuditMessage {
        message: found.message.clone(),
        details: AuditDetails {
            what: format!(
                "Matched \"Operator `{}' against variable `{}' (Value: `{value}' )",
                found.operator, found.variable
            ),
            variable: found.variable.clone(),
            value: value.into_owned(),
            reference: "",
            rule_id: found.id.to_string(),
            file: found.file.to_string(),
            line_number: found.line.to_string(),
            data: if secret { REDACTED.to_owned() } else { found.data.clone() },
            severity: found.severity.map(|severity| severity.to_string()).unwrap_or_default(),
            ver: found.version.clone().unwrap_or_default(),
            rev: "",
            tags: found.tags.clone(),
            maturity: "0",
            accuracy: "0",
        },
    }
}

/// The target, secrets in its query redacted.
fn without_secrets(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// `Tue Nov 24 10:00:00 2026`, as C's `asctime` writes it.
fn asctime(time: SystemTime) -> String {
    // `Tue, 24 Nov 2026 10:00:00 GMT`
    let date = httpdate::fmt_http_date(time);
    match date.split([' ', ',']).filter(|word| !word.is_empty()).collect::<Vec<_>>()[..] {
        [weekday, day, month, year, clock, _] => format!("{weekday} {month} {day} {clock} {year}"),
        _ => date,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_modsecurity_writes_them() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400);
        assert_eq!(asctime(time), "Tue Nov 24 10:00:00 2026");
    }

    #[test]
    fn secrets_of_a_query_are_not_told() {
        assert_eq!(without_secrets("/a?x=1&api_key=k&y"), "/a?x=1&api_key=[redacted]&y");
    }
}

//! What the rules found in an exchange, as an entry of the audit log. What is secret by its name is redacted, also where
//! only its value is shown: a rule sees the text of an XML document without the names of its elements.

use std::time::SystemTime;

use http::StatusCode;
use inputs::{InputKind, StructureLimits, other_readings, parse_body};
use seclang::{RuleMatch, Transaction};

use crate::events::modsecurity::{
    Audit, AuditDetails, AuditMessage, AuditProducer, AuditRequest, AuditResponse, AuditTransaction, Headers,
};
use crate::events::redact::{REDACTED, is_secret, without_secrets};
use crate::exchange::Exchange;

/// The entry of an exchange.
pub(crate) fn entry(x: &Exchange<'_>, transaction: &Transaction<'_>, status: StatusCode) -> Audit {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let secrets = Secrets::of(transaction);
    let headers = transaction.headers().map(|(name, value)| {
        let name = text(name);
        let value = if is_secret(&name) { REDACTED.to_owned() } else { secrets.hidden_in(&text(value)) };
        (name, value)
    });
    let request = AuditRequest {
        method: text(transaction.method()),
        http_version: text(transaction.protocol()).trim_start_matches("HTTP/").to_owned(),
        uri: secrets.hidden_in(&text(transaction.target())),
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
            messages: transaction.matches().iter().map(|found| message(found, &secrets)).collect(),
        },
    }
}

fn message(found: &RuleMatch, secrets: &Secrets) -> AuditMessage {
    // The text of a document has lost the names in it, and a rule may have changed it.
    let is_document = found.variable.starts_with("XML:") && !secrets.0.is_empty();
    let secret = is_document || is_secret(&found.variable);
    let shown = |text: &str| if secret { REDACTED.to_owned() } else { secrets.hidden_in(text) };
    let value = shown(&String::from_utf8_lossy(&found.value));
    let variable = secrets.hidden_in(&found.variable);
    AuditMessage {
        message: secrets.hidden_in(&found.message),
        details: AuditDetails {
            what: format!(
                "Matched \"Operator `{}' against variable `{variable}' (Value: `{value}' )",
                found.operator
            ),
            variable,
            value,
            reference: "",
            rule_id: found.id.to_string(),
            file: found.file.to_string(),
            line_number: found.line.to_string(),
            data: shown(&found.data),
            severity: found.severity.map(|severity| severity.to_string()).unwrap_or_default(),
            ver: found.version.clone().unwrap_or_default(),
            rev: "",
            tags: found.tags.clone(),
            maturity: "0",
            accuracy: "0",
        },
    }
}

/// The values of an exchange that are secret by their names.
struct Secrets(Vec<String>);

impl Secrets {
    /// Shorter values stand in any text.
    const SHORTEST: usize = 4;
    /// Those of the body were checked before.
    const LIMITS: StructureLimits = StructureLimits { depth: 512, members: 1_000_000 };

    fn of(transaction: &Transaction<'_>) -> Secrets {
        let mut found = Vec::new();
        let mut add = |name: &str, value: &[u8]| {
            let value = String::from_utf8_lossy(value);
            if is_secret(name) && value.len() >= Self::SHORTEST {
                found.push(value.into_owned());
            }
        };
        transaction.arguments().for_each(|(name, value)| add(&String::from_utf8_lossy(name), value));
        // Elements and attributes of XML, members of JSON in a part of a form.
        let mut headers = transaction.headers();
        let kind = headers.find(|(name, _)| name.eq_ignore_ascii_case(b"content-type"));
        let kind = kind.map_or(&b""[..], |(_, value)| value);
        let body = bytes::Bytes::copy_from_slice(transaction.body());
        if let Ok(parsed) = parse_body(kind, &body, Self::LIMITS) {
            let others = other_readings(kind, &parsed, &body, true, Self::LIMITS).unwrap_or_default();
            for reading in std::iter::once(&parsed).chain(&others) {
                reading.find_input::<()>(&body, |input| {
                    if input.kind != InputKind::Name {
                        add(input.name, input.value);
                    }
                    None
                });
            }
        }
        // A value that is part of another is hidden with it.
        found.sort_by_key(|value| std::cmp::Reverse(value.len()));
        found.dedup();
        Secrets(found)
    }

    /// A text without these values, and without what is secret by the name before it.
    fn hidden_in(&self, text: &str) -> String {
        let text = without_secrets(text).into_owned();
        self.0.iter().fold(text, |text, secret| match text.contains(secret.as_str()) {
            true => text.replace(secret.as_str(), REDACTED),
            false => text,
        })
    }
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
}

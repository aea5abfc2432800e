//! What the rules found in an exchange, as an entry of the audit log. What is secret by its name is redacted.

use std::time::SystemTime;

use http::StatusCode;
use seclang::{RuleMatch, Transaction};

use crate::events::modsecurity::{
    Audit, AuditDetails, AuditMessage, AuditProducer, AuditRequest, AuditResponse, AuditTransaction, Headers,
};
use crate::events::redact::{REDACTED, is_secret};
use crate::exchange::Exchange;

/// The entry of an exchange.
pub(crate) fn entry(x: &Exchange<'_>, transaction: &Transaction<'_>, status: StatusCode) -> Audit {
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

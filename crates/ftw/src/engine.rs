//! One exchange in process: a request read as a server reads it, and the rules over it and its response.

use std::path::Path;

use seclang::{Phase, RequestHead, ResponseHead, RuleSet, SyntaxError, Transaction};

use crate::seen::{Seen, log_line};
use crate::server;

/// Compiles the rules of a rule set's directory: its setup, then the directives of `setup`, then its rules in order of
/// file name.
///
/// # Errors
/// If a file cannot be parsed.
pub fn rule_set(directory: &Path, setup: &str) -> Result<RuleSet, SyntaxError> {
    let include = |pattern: &str| format!("IncludeOptional {pattern}\n");
    let text =
        include("crs-setup.conf.example") + &include("crs-setup.conf") + setup + "Include rules/*.conf\n";
    RuleSet::parse("suite", &text, directory)
}

/// How rules are evaluated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evaluation {
    /// As in production: a filter leaves out rules that cannot match.
    Filtered,
    /// Every rule on every value.
    Plain,
}

/// Runs the rules over a request and the response of the test's server.
pub(crate) fn exchange(rules: &RuleSet, bytes: &[u8], evaluation: Evaluation) -> Seen {
    let Some(request) = server::read(bytes) else {
        return Seen { status: 400, ids: Vec::new(), log: String::new(), refused: None };
    };
    let headers: Vec<(&[u8], &[u8])> =
        request.headers.iter().map(|(n, v)| (n.as_slice(), v.as_slice())).collect();
    let head = RequestHead {
        method: &request.method,
        target: &request.target,
        protocol: if request.protocol.is_empty() { b"HTTP/0.9" } else { &request.protocol },
        headers: &headers,
        client: Some([127, 0, 0, 1].into()),
    };
    let mut transaction = Transaction::new(rules, &head, b"0123456789abcdef");
    if evaluation == Evaluation::Plain {
        transaction.without_filter();
    }
    let mut refused = transaction.run(Phase::RequestHeaders);
    transaction.request_body(&request.body);
    refused = refused.or_else(|| transaction.run(Phase::RequestBody));
    let response = server::respond(&request);
    if refused.is_none() {
        let headers: Vec<(&[u8], &[u8])> =
            response.headers.iter().map(|(n, v)| (n.as_slice(), v.as_slice())).collect();
        transaction.response(&ResponseHead {
            status: response.status,
            protocol: b"HTTP/1.1",
            headers: &headers,
        });
        refused = transaction.run(Phase::ResponseHeaders);
        transaction.response_body(&response.body);
        refused = refused.or_else(|| transaction.run(Phase::ResponseBody));
    }
    let _ = transaction.run(Phase::Logging);
    let mut log: String = transaction.matches().iter().map(|found| log_line(found) + "\n").collect();
    if let Some(error) = transaction.body_error() {
        log.push_str(error);
    }
    Seen {
        status: refused.map_or(response.status, |refused| refused.status),
        ids: transaction.matches().iter().map(|found| found.id).collect(),
        log,
        refused: None,
    }
}

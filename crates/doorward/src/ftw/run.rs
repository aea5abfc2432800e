//! Suites are run, and what fails is told.

use std::path::Path;

use seclang::{Phase, RequestHead, ResponseHead, RuleMatch, RuleSet, SyntaxError, Transaction};

use super::format::{Output, Stage, Suite};
use super::through::ThroughGateway;
use super::{request, server};

/// What came of a suite.
#[derive(Debug, Default)]
pub struct Report {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that did not: rule, test, and why.
    pub failed: Vec<(u64, u64, String)>,
}

/// What one exchange left behind.
#[derive(PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) ids: Vec<u64>,
    pub(super) log: String,
    /// Why a gateway asked no rule.
    pub(super) refused: Option<String>,
}

/// The rules of a rule set's directory: its setup, what a test adds to that, and its rules in order of name.
///
/// # Errors
/// What is wrong in a file.
pub fn rule_set(directory: &Path, setup: &str) -> Result<RuleSet, SyntaxError> {
    let include = |pattern: &str| format!("IncludeOptional {pattern}\n");
    let text =
        include("crs-setup.conf.example") + &include("crs-setup.conf") + setup + "Include rules/*.conf\n";
    RuleSet::parse("suite", &text, directory)
}

/// How tests are run.
#[derive(Clone, Copy)]
pub enum Way<'w> {
    /// Without a socket: a server's reading of each request, then the rules.
    InProcess(&'w RuleSet),
    /// The same, and by the plain interpreter, which has to say the same.
    Compared(&'w RuleSet),
    /// Through a gateway.
    Through(&'w ThroughGateway),
}

/// Runs suites.
pub fn run(way: Way<'_>, suites: &[Suite]) -> Report {
    let mut report = Report::default();
    for suite in suites {
        for test in suite.tests.iter().flatten() {
            let mut wrong = test.stages.iter().find_map(|stage| wrong_in(way, stage));
            if test.expect_failure {
                wrong = match wrong {
                    Some(_) => None,
                    None => Some("it passes, and an override says that it does not".to_owned()),
                };
            }
            match wrong {
                None => report.passed += 1,
                Some(why) => report.failed.push((suite.rule_id, test.test_id, why)),
            }
        }
    }
    report
}

fn wrong_in(way: Way<'_>, stage: &Stage) -> Option<String> {
    let bytes = match request::bytes(&stage.input) {
        Ok(bytes) => bytes,
        Err(error) => return Some(error),
    };
    let seen = match way {
        Way::InProcess(rules) => exchange(rules, &bytes, false),
        Way::Through(gateway) => gateway.exchange(&bytes),
        Way::Compared(rules) => {
            let (seen, plain) = (exchange(rules, &bytes, false), exchange(rules, &bytes, true));
            if plain != seen {
                return Some(format!("the plain interpreter says {:?}, not {:?}", plain.ids, seen.ids));
            }
            seen
        }
    };
    let mut wrong = wrong_with(&seen, &stage.output);
    if let (Some(wrong), Some(refused)) = (&mut wrong, &seen.refused) {
        wrong.push_str(&format!("; refused before: {refused}"));
    }
    match (way, stage.output.retry_once) {
        (Way::Through(gateway), Some(true)) if wrong.is_some() => {
            wrong_with(&gateway.exchange(&bytes), &stage.output)
        }
        _ => wrong,
    }
}

fn exchange(rules: &RuleSet, bytes: &[u8], plain: bool) -> Seen {
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
    if plain {
        transaction.without_filter();
    }
    let mut refused = transaction.run(Phase::RequestHeaders);
    transaction.request_body(&request.body);
    refused = refused.or_else(|| transaction.run(Phase::RequestBody));
    let response = server::answer(&request);
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
    let mut log: String = transaction.matches().iter().map(|found| line(found) + "\n").collect();
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

/// Characters of a text that a log line cannot hold are spelt in hexadecimal.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            character if character.is_control() => out.push_str(&format!("\\x{:02x}", character as u32)),
            character => out.push(character),
        }
    }
    out
}

/// A match as ModSecurity writes it into an error log.
fn line(found: &RuleMatch) -> String {
    let tags: String = found.tags.iter().map(|tag| format!(" [tag \"{tag}\"]")).collect();
    format!(
        "ModSecurity: Warning. Operator {} matched at {}. [file \"{}\"] [line \"{}\"] [id \"{}\"] [msg \"{}\"] [data \"{}\"]{tags}",
        found.operator,
        found.variable,
        found.file,
        found.line,
        found.id,
        escaped(&found.message),
        escaped(&found.data)
    )
}

fn wrong_with(seen: &Seen, output: &Output) -> Option<String> {
    // A connection that ends is an answer of its own; here it ends where a server answers 400.
    if output.expect_error == Some(true) && seen.status == 400 {
        return None;
    }
    let short = |text: &str| text.chars().take(300).collect::<String>();
    if let Some(status) = output.status
        && status != seen.status
    {
        return Some(format!("status {} instead of {status}; rules {:?}", seen.status, seen.ids));
    }
    if let Some(missing) = output.log.expect_ids.iter().find(|id| !seen.ids.contains(id)) {
        return Some(format!("rule {missing} did not match; those that did: {:?}", seen.ids));
    }
    if let Some(extra) = output.log.no_expect_ids.iter().find(|id| seen.ids.contains(id)) {
        return Some(format!("rule {extra} matched"));
    }
    let regex = |pattern: &str| regex::Regex::new(pattern).map_err(|e| format!("`{pattern}`: {e}"));
    for (pattern, wanted) in [
        (output.log.match_regex.as_deref().or(output.log_contains.as_deref()), true),
        (output.log.no_match_regex.as_deref().or(output.no_log_contains.as_deref()), false),
    ] {
        let Some(pattern) = pattern else { continue };
        match regex(pattern) {
            Ok(regex) if regex.is_match(&seen.log) == wanted => {}
            Ok(_) => return Some(format!("`{pattern}`: the log says {}", short(&seen.log))),
            Err(error) => return Some(error),
        }
    }
    None
}

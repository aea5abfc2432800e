//! Runs suites and collects the failures.

use seclang::RuleSet;

use crate::engine::{self, Evaluation};
use crate::gateway::TestGateway;
use crate::request;
use crate::suite::{Stage, Suite};

/// The results of some suites.
#[derive(Debug, Default)]
pub struct Report {
    /// The number of tests that passed.
    pub passed: usize,
    /// The tests that failed.
    pub failures: Vec<Failure>,
}

/// A test that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The id of the rule.
    pub rule_id: u64,
    /// The number of the test within the rule's file.
    pub test_id: u64,
    /// The first expectation that was not met, and what was seen instead.
    pub reason: String,
}

/// What runs the tests.
#[derive(Clone, Copy)]
pub enum Runner<'r> {
    /// The engine, without a socket.
    InProcess(&'r RuleSet),
    /// The engine and its plain interpreter, which must agree.
    Compared(&'r RuleSet),
    /// A gateway.
    Gateway(&'r TestGateway),
}

/// Runs suites.
pub fn run(runner: Runner<'_>, suites: &[Suite]) -> Report {
    let mut report = Report::default();
    for suite in suites {
        for test in suite.tests.iter().flatten() {
            let unmet = test.stages.iter().find_map(|stage| unmet(runner, stage));
            let reason = match (test.expect_failure, unmet) {
                (false, unmet) => unmet,
                (true, Some(_)) => None,
                (true, None) => Some("the test passes, but an override expects it to fail".to_owned()),
            };
            match reason {
                None => report.passed += 1,
                Some(reason) => {
                    report.failures.push(Failure { rule_id: suite.rule_id, test_id: test.test_id, reason })
                }
            }
        }
    }
    report
}

/// Runs a stage. Returns the first expectation that is not met.
fn unmet(runner: Runner<'_>, stage: &Stage) -> Option<String> {
    let bytes = match request::bytes(&stage.input) {
        Ok(bytes) => bytes,
        Err(error) => return Some(error),
    };
    let seen = match runner {
        Runner::InProcess(rules) => engine::exchange(rules, &bytes, Evaluation::Filtered),
        Runner::Gateway(gateway) => gateway.exchange(&bytes),
        Runner::Compared(rules) => {
            let seen = engine::exchange(rules, &bytes, Evaluation::Filtered);
            let plain = engine::exchange(rules, &bytes, Evaluation::Plain);
            if plain != seen {
                return Some(format!(
                    "the plain interpreter matches {:?}, the filter {:?}",
                    plain.ids, seen.ids
                ));
            }
            seen
        }
    };
    let mut unmet = seen.unmet(&stage.output);
    if let (Some(unmet), Some(refused)) = (&mut unmet, &seen.refused) {
        unmet.push_str(&format!("; refused before any rule ran: {refused}"));
    }
    match (runner, stage.output.retry_once) {
        (Runner::Gateway(gateway), Some(true)) if unmet.is_some() => {
            gateway.exchange(&bytes).unmet(&stage.output)
        }
        _ => unmet,
    }
}

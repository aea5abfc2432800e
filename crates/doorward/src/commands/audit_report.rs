//! The audit of an OpenAPI document, in the terms of all formats.

use openapi::Problem;
use policy::{Audit, AuditFinding};
use report::{Finding, Location, Report, Severity, json, text};
use serde_json::{Value, json};

/// The findings of an audit.
pub(crate) fn report(audit: &Audit) -> Report {
    Report { findings: audit.findings.iter().map(finding).collect(), ..Report::default() }
}

fn finding(finding: &AuditFinding) -> Finding {
    at_its_place(finding.rule, severity(finding.severity), &finding.problem)
}

fn at_its_place(rule: &str, severity: Severity, problem: &Problem) -> Finding {
    let location = match problem.position() {
        Some((line, column)) => Location::position(problem.file(), line, column),
        None => Location::file(problem.file()),
    };
    let found = Finding::new(rule, severity, problem.message()).at(location);
    match problem.help() {
        Some(help) => found.help(help),
        None => found,
    }
}

/// The name of the rule that a policy has to be valid.
const INVALID: &str = "invalid-policy";

/// Something that is wrong with a policy.
pub(crate) fn problem(problem: &Problem) -> Finding {
    at_its_place(INVALID, Severity::Error, problem)
}

/// The same, where it has no place in a file.
pub(crate) fn invalid(error: &impl ToString) -> Finding {
    Finding::new(INVALID, Severity::Error, error.to_string())
}

/// What is wrong with a policy, for other programs.
pub(crate) fn errors(errors: &[Finding]) -> Value {
    json!({ "errors": json::findings(errors) })
}

fn severity(severity: policy::Severity) -> Severity {
    match severity {
        policy::Severity::Error => Severity::Error,
        policy::Severity::Warning => Severity::Warning,
        policy::Severity::Note => Severity::Note,
    }
}

/// The grade, and the findings behind it.
pub(crate) fn print(audit: &Audit, all: bool) {
    outln!("\nThe document as an auditor sees it: {} ({} of 100)", audit.grade(), audit.score);
    let findings = report(audit).findings;
    let least = if all { Severity::Note } else { Severity::Warning };
    let list = text::list(&findings, least);
    if !list.is_empty() {
        outln!("{}", list.trim_end_matches('\n'));
    }
    let notes = findings.iter().filter(|finding| finding.severity == Severity::Note).count();
    if notes > 0 && !all {
        outln!("  and {notes} notes; --all shows them");
    }
}

/// The audit for other programs; without a document, there is no grade.
pub(crate) fn json(audit: Option<&Audit>) -> Value {
    json!({
        "grade": audit.map(|audit| audit.grade().to_string()),
        "score": audit.map(|audit| audit.score),
        "findings": audit.map_or(json!([]), |audit| json::findings(&report(audit).findings)),
        "errors": [],
    })
}

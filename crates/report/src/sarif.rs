//! SARIF 2.1.0 (OASIS) for code scanning.
//!
//! The part of the format that findings need is twenty members; they are written here rather than with a crate of
//! the whole schema (RATIONALE.md says why).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::finding::{Failure, Finding, Report};

/// The tool that found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool<'t> {
    /// Its name.
    pub name: &'t str,
    /// Its version.
    pub version: &'t str,
}

/// A log with one run.
pub fn log(tool: &Tool<'_>, report: &Report) -> Value {
    let rules: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let mut run = json!({
        "tool": { "driver": {
            "name": tool.name,
            "version": tool.version,
            "rules": rules.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
        } },
        "results": report.findings.iter().map(result).collect::<Vec<_>>(),
    });
    // §3.20.14: a run that could not look everywhere says so, or no results would read as no problems.
    if !report.failures.is_empty() {
        insert(
            &mut run,
            "invocations",
            json!([{
                "executionSuccessful": false,
                "toolExecutionNotifications": report.failures.iter().map(notification).collect::<Vec<_>>(),
            }]),
        );
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    })
}

/// Adds a member to an object.
fn insert(object: &mut Value, name: &str, member: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), member);
    }
}

/// §3.27.
fn result(finding: &Finding) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}: {help}", finding.message),
        None => finding.message.clone(),
    };
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.severity.name(),
        "message": { "text": text },
    });
    if let Some(location) = &finding.location {
        let mut place = json!({ "artifactLocation": { "uri": location.file } });
        if let Some((line, column)) = location.position {
            insert(&mut place, "region", json!({ "startLine": line, "startColumn": column }));
        }
        insert(&mut result, "locations", json!([{ "physicalLocation": place }]));
    }
    if !finding.evidence.is_empty() {
        insert(&mut result, "properties", json!({ "evidence": finding.evidence }));
    }
    result
}

/// §3.58.
fn notification(failure: &Failure) -> Value {
    json!({
        "associatedRule": { "id": failure.check },
        "level": "error",
        "message": { "text": failure.reason },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Location, Severity, Transcript};

    const TOOL: Tool<'_> = Tool { name: "doorward", version: "1.2.3" };

    #[test]
    fn a_log_names_the_tool_each_rule_once_and_every_place() {
        let report = Report {
            findings: vec![
                Finding::new("open", Severity::Error, "anybody may write")
                    .at(Location::position("a.yaml", 2, 3))
                    .help("add `security`"),
                Finding::new("open", Severity::Error, "anybody may delete").at(Location::file("a.yaml")),
                Finding::new("bola", Severity::Warning, "bob reads it")
                    .evidence(vec![Transcript { request: "q".into(), answer: "a".into() }]),
            ],
            failures: Vec::new(),
        };
        assert_eq!(
            log(&TOOL, &report),
            json!({
                "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
                "version": "2.1.0",
                "runs": [{
                    "tool": { "driver": {
                        "name": "doorward", "version": "1.2.3", "rules": [{ "id": "bola" }, { "id": "open" }],
                    } },
                    "results": [
                        { "ruleId": "open", "level": "error",
                          "message": { "text": "anybody may write: add `security`" },
                          "locations": [{ "physicalLocation": {
                              "artifactLocation": { "uri": "a.yaml" },
                              "region": { "startLine": 2, "startColumn": 3 } } }] },
                        { "ruleId": "open", "level": "error", "message": { "text": "anybody may delete" },
                          "locations": [{ "physicalLocation": { "artifactLocation": { "uri": "a.yaml" } } }] },
                        { "ruleId": "bola", "level": "warning", "message": { "text": "bob reads it" },
                          "properties": { "evidence": [{ "request": "q", "answer": "a" }] } },
                    ],
                }],
            })
        );
    }

    #[test]
    fn checks_that_could_not_run_make_the_run_unsuccessful() {
        let failure = Failure { check: "sql-union".into(), reason: "no answer in time".into() };
        let log = log(&TOOL, &Report { failures: vec![failure], ..Report::default() });
        assert_eq!(
            log["runs"][0]["invocations"],
            json!([{
                "executionSuccessful": false,
                "toolExecutionNotifications": [{
                    "associatedRule": { "id": "sql-union" },
                    "level": "error",
                    "message": { "text": "no answer in time" },
                }],
            }])
        );
    }
}

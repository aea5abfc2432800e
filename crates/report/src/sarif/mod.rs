//! SARIF 2.1.0 (OASIS) for code scanning.
//!
//! The part of the format that findings need is some thirty members; they are written here rather than with a crate of
//! the whole schema (RATIONALE.md says why). Where the standard leaves a choice, the log is what GitHub's code scanning
//! reads: `security-severity` and `tags` on the rules, and a `primaryLocationLineHash` by which it knows an alert again.

mod members;
mod rules;
mod uri;

use serde_json::{Map, Value, json};

use self::members::insert;
use crate::check::Verdict;
use crate::finding::{Finding, Location};
use crate::limits;
use crate::results::Report;
pub use crate::tool::Tool;

/// A log with one run.
pub fn log(tool: &Tool<'_>, report: &Report) -> Value {
    let prints = report.fingerprints();
    let report = limits::bounded(report);
    let rules = rules::of(&report);
    let results = report.findings.iter().zip(&prints).map(|(finding, print)| {
        let index = rules.iter().position(|rule| rule["id"] == finding.rule.as_str());
        result(&report, finding, print, index)
    });
    let mut run = json!({
        "tool": { "driver": {
            "name": tool.name,
            "version": tool.version,
            "informationUri": Tool::PAGE,
            "rules": rules,
        } },
        "invocations": [invocation(&report)],
        "results": results.collect::<Vec<_>>(),
    });
    if !report.checks.is_empty() || !report.facts.is_empty() {
        let mut properties = json!({ "counts": crate::json::counts(report.counts()) });
        if !report.facts.is_empty() {
            let facts: Vec<String> =
                report.facts.iter().map(|fact| message(&format!("{}: {}", fact.title, fact.text))).collect();
            insert(&mut properties, "facts", facts.into());
        }
        insert(&mut run, "properties", properties);
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    })
}

/// §3.20. A run that could not look everywhere says so, or no results would read as no problems.
fn invocation(report: &Report) -> Value {
    let notification = |check: &str, level: &str, reason: &str| {
        json!({
            "associatedRule": { "id": check },
            "level": level,
            "message": { "text": message(reason) },
        })
    };
    let mut notifications: Vec<Value> =
        report.incomplete().map(|(check, reason)| notification(check, "error", reason)).collect();
    let is_successful = notifications.is_empty();
    notifications.extend(report.not_tried().map(|(check, reason)| {
        notification(check, "note", &format!("{}: {reason}", Verdict::NotTried.title()))
    }));
    let mut invocation = json!({ "executionSuccessful": is_successful });
    if !notifications.is_empty() {
        insert(&mut invocation, "toolExecutionNotifications", notifications.into());
    }
    if let Some(ended) = report.ended {
        insert(&mut invocation, "endTimeUtc", humantime::format_rfc3339_seconds(ended).to_string().into());
    }
    invocation
}

/// §3.27.
fn result(report: &Report, finding: &Finding, print: &str, rule: Option<usize>) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}: {help}", finding.message),
        None => finding.message.clone(),
    };
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.severity.name(),
        "message": { "text": message(&text) },
        "partialFingerprints": { "primaryLocationLineHash": print, "doorward/v1": print },
    });
    if let Some(index) = rule {
        insert(&mut result, "ruleIndex", index.into());
    }
    if let Some(location) = location(report, finding) {
        insert(&mut result, "locations", json!([location]));
    }
    insert(&mut result, "properties", properties(report, finding));
    result
}

/// §3.28. The place in a file, and what the finding is about.
fn location(report: &Report, finding: &Finding) -> Option<Value> {
    let mut location = json!({});
    let place = finding.location.clone().or_else(|| report.artifact.as_deref().map(Location::file));
    if let Some(place) = place {
        let mut physical = json!({ "artifactLocation": { "uri": uri::of_file(&place.file) } });
        if let Some((line @ 1.., column)) = place.position {
            let mut region = json!({ "startLine": line });
            if column > 0 {
                insert(&mut region, "startColumn", column.into());
            }
            insert(&mut physical, "region", region);
        }
        insert(&mut location, "physicalLocation", physical);
    }
    if let Some(subject) = &finding.subject {
        insert(&mut location, "logicalLocations", json!([{ "fullyQualifiedName": subject }]));
    }
    location.as_object().is_some_and(|members| !members.is_empty()).then_some(location)
}

/// §3.8. What SARIF has no member for.
fn properties(report: &Report, finding: &Finding) -> Value {
    let mut bag = Map::new();
    bag.insert("level".into(), finding.level().name().into());
    for (name, text) in [
        ("category", report.category_of(finding)),
        ("mendInCode", finding.mend_in_code.as_deref()),
        ("mendAtGate", finding.mend_at_gate.as_deref()),
        ("repeat", finding.repeat.as_deref()),
    ] {
        if let Some(text) = text {
            bag.insert(name.into(), text.into());
        }
    }
    if !finding.evidence.is_empty() {
        bag.insert("evidence".into(), json!(finding.evidence));
    }
    bag.into()
}

/// §3.11.6: `[text](1)` would be a link to a related location.
fn message(text: &str) -> String {
    text.replace("](", "] (")
}

#[cfg(test)]
mod tests;

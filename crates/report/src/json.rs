//! JSON for other programs.
//!
//! [`report`] is the whole document. Its `version` is 1; members may be added under the same version, and a changed or
//! removed one makes it 2.
//!
//! | member | what it is |
//! |---|---|
//! | `tool` | `name` and `version` of the tool |
//! | `target` | what was examined, or `null` |
//! | `ended` | when the run ended (RFC 3339, UTC), or `null` |
//! | `counts` | how many checks are `open`, `shut`, `not_tried` and `unknown` |
//! | `levels` | how many findings are `critical`, `high`, `medium`, `low` and `info` |
//! | `checklist` | a row for each category: `category`, `title`, `priority`, `standing`, `counts`, `findings` (how many) |
//! | `checks` | `name`, `category`, `thought`, `verdict` (`open`, `shut`, `not-tried`, `unknown`), `reason` |
//! | `findings` | see below |
//! | `failures` | what could not run to its end: `check` and `reason` |
//! | `facts` | what else the reader must know of the run: `title` and `text` |
//!
//! A finding has `rule`, `severity` (`error`, `warning`, `note`), `file`, `line`, `column`, `message` and `help`, in the
//! document also `level` and `fingerprint`; and where they are known `category`, `subject`, `mend_in_code`,
//! `mend_at_gate`, `repeat`, `references` (`label` and `url`), `tags` and `evidence` (`request` and `answer`).

use serde_json::{Map, Value, json};

use crate::check::{Check, Counts};
use crate::finding::Finding;
use crate::level::Level;
use crate::limits;
use crate::reference::Reference;
use crate::results::{Failure, Report, Row};
use crate::tool::Tool;

/// The version of the document.
pub const VERSION: u32 = 1;

/// The whole document.
pub fn report(tool: &Tool<'_>, report: &Report) -> Value {
    let prints = report.fingerprints();
    let report = limits::bounded(report);
    let finding = |(found, print): (&Finding, String)| {
        let mut value = finding(found);
        if let Value::Object(members) = &mut value {
            members.insert("level".into(), found.level().name().into());
            members.insert("category".into(), json!(report.category_of(found)));
            members.insert("fingerprint".into(), print.into());
        }
        value
    };
    let levels: Map<String, Value> =
        Level::ALL.iter().map(|level| (level.name().to_owned(), report.at_level(*level).into())).collect();
    json!({
        "version": VERSION,
        "tool": { "name": tool.name, "version": tool.version },
        "target": report.target,
        "ended": report.ended.map(|time| humantime::format_rfc3339_seconds(time).to_string()),
        "counts": counts(report.counts()),
        "levels": levels,
        "checklist": report.rows().iter().map(row).collect::<Vec<_>>(),
        "checks": report.checks.iter().map(check).collect::<Vec<_>>(),
        "findings": report.findings.iter().zip(prints).map(finding).collect::<Vec<_>>(),
        "failures": report.failures.iter().map(failure).collect::<Vec<_>>(),
        "facts": report.facts.iter().map(|f| json!({ "title": f.title, "text": f.text })).collect::<Vec<_>>(),
    })
}

/// Findings as a JSON array. Place and help are `null` where a finding has none; what else it does not have is
/// left out.
pub fn findings(findings: &[Finding]) -> Value {
    findings.iter().map(|found| finding(&limits::finding(found))).collect()
}

fn finding(finding: &Finding) -> Value {
    let location = finding.location.as_ref();
    let position = location.and_then(|location| location.position);
    let mut value = json!({
        "rule": finding.rule,
        "severity": finding.severity.name(),
        "file": location.map(|location| &location.file),
        "line": position.map(|(line, _)| line),
        "column": position.map(|(_, column)| column),
        "message": finding.message,
        "help": finding.help,
        // The former name of `help`, kept for one release.
        "mend": finding.help,
    });
    if let Value::Object(members) = &mut value {
        for (name, text) in [
            ("level", finding.level.map(Level::name)),
            ("category", finding.category.as_deref()),
            ("subject", finding.subject.as_deref()),
            ("mend_in_code", finding.mend_in_code.as_deref()),
            ("mend_at_gate", finding.mend_at_gate.as_deref()),
            ("repeat", finding.repeat.as_deref()),
        ] {
            if let Some(text) = text {
                members.insert(name.into(), text.into());
            }
        }
        let references = || finding.references.iter().map(reference).collect();
        for (name, is_empty, list) in [
            ("references", finding.references.is_empty(), &references as &dyn Fn() -> Value),
            ("tags", finding.tags.is_empty(), &|| json!(finding.tags)),
            ("evidence", finding.evidence.is_empty(), &|| json!(finding.evidence)),
        ] {
            if !is_empty {
                members.insert(name.into(), list());
            }
        }
    }
    value
}

fn reference(reference: &Reference) -> Value {
    json!({ "label": reference.label(), "url": reference.url() })
}

fn row(row: &Row<'_>) -> Value {
    json!({
        "category": row.name,
        "title": row.title,
        "priority": row.priority.map(Level::name),
        "standing": (row.counts.total() > 0).then(|| row.counts.standing().title()),
        "counts": counts(row.counts),
        "findings": row.findings.len(),
    })
}

pub(crate) fn counts(counts: Counts) -> Value {
    let Counts { open, shut, not_tried, unknown } = counts;
    json!({ "open": open, "shut": shut, "not_tried": not_tried, "unknown": unknown })
}

fn check(check: &Check) -> Value {
    json!({
        "name": check.name,
        "category": check.category,
        "thought": check.thought,
        "verdict": check.verdict.name(),
        "reason": check.reason,
    })
}

fn failure(failure: &Failure) -> Value {
    json!({ "check": failure.check, "reason": failure.reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Location, Transcript};
    use crate::severity::Severity;

    #[test]
    fn a_finding_has_all_its_members_in_json() {
        let bare = Finding::new("r", Severity::Note, "m");
        let full = bare
            .clone()
            .at(Location::position("a.yaml", 2, 3))
            .help("h")
            .references(["CWE-89"])
            .tags(["sql"])
            .repeat("curl http://a/")
            .evidence(vec![Transcript { request: "q".into(), answer: "a".into() }]);
        assert_eq!(
            findings(&[bare, full]),
            json!([
                { "rule": "r", "severity": "note", "file": null, "line": null, "column": null,
                  "message": "m", "help": null, "mend": null },
                { "rule": "r", "severity": "note", "file": "a.yaml", "line": 2, "column": 3,
                  "message": "m", "help": "h", "mend": "h", "repeat": "curl http://a/",
                  "references": [{ "label": "CWE-89", "url": "https://cwe.mitre.org/data/definitions/89.html" }],
                  "tags": ["sql"], "evidence": [{ "request": "q", "answer": "a" }] },
            ])
        );
    }
}

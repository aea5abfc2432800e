//! The audit of an OpenAPI document: for a person, as JSON, as SARIF 2.1.0 for code scanning.

use std::collections::BTreeSet;

use policy::{Audit, AuditFinding, Severity};
use serde_json::{Value, json};

/// The grade, and what is behind it.
pub fn print(audit: &Audit, all: bool) {
    outln!("\nThe document as an auditor sees it: {} ({} of 100)", audit.grade(), audit.score);
    let shown = |finding: &&AuditFinding| all || finding.severity > Severity::Note;
    for finding in audit.findings.iter().filter(shown) {
        outln!("  {:7} {}  [{}]", finding.severity.name(), finding.problem, finding.rule);
        if let Some(mend) = finding.problem.advice() {
            outln!("          {mend}");
        }
    }
    let notes = audit.findings.iter().filter(|f| f.severity == Severity::Note).count();
    if notes > 0 && !all {
        outln!("  and {notes} notes; --all shows them");
    }
}

/// The audit for programs.
pub fn json(audit: &Audit) -> Value {
    let finding = |f: &AuditFinding| {
        let position = f.problem.position();
        json!({
            "rule": f.rule,
            "severity": f.severity.name(),
            "file": f.problem.file(),
            "line": position.map(|p| p.0),
            "column": position.map(|p| p.1),
            "message": f.problem.message(),
            "mend": f.problem.advice(),
        })
    };
    json!({
        "grade": audit.grade().to_string(),
        "score": audit.score,
        "findings": audit.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

/// The audit for code scanning (SARIF 2.1.0, OASIS).
#[allow(clippy::indexing_slicing, reason = "a key of a JSON object built two lines above")]
pub fn sarif(audit: &Audit) -> Value {
    let rules: BTreeSet<&str> = audit.findings.iter().map(|f| f.rule).collect();
    let result = |f: &AuditFinding| {
        let mut location = json!({ "physicalLocation": { "artifactLocation": { "uri": f.problem.file() } } });
        if let Some((line, column)) = f.problem.position() {
            location["physicalLocation"]["region"] = json!({ "startLine": line, "startColumn": column });
        }
        let text = match f.problem.advice() {
            Some(mend) => format!("{}: {mend}", f.problem.message()),
            None => f.problem.message().to_owned(),
        };
        json!({
            "ruleId": f.rule,
            "level": f.severity.name(),
            "message": { "text": text },
            "locations": [location],
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "doorward",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
            } },
            "results": audit.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

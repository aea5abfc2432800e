//! JSON for other programs.

use serde_json::{Value, json};

use crate::finding::Finding;

/// Findings as a JSON array. Members that a finding does not have are `null`.
pub fn findings(findings: &[Finding]) -> Value {
    findings.iter().map(finding).collect()
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
    if let (false, Value::Object(members)) = (finding.evidence.is_empty(), &mut value) {
        members.insert("evidence".into(), json!(finding.evidence));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Location, Severity, Transcript};

    #[test]
    fn a_finding_has_all_its_members_in_json() {
        let bare = Finding::new("r", Severity::Note, "m");
        let full = bare
            .clone()
            .at(Location::position("a.yaml", 2, 3))
            .help("h")
            .evidence(vec![Transcript { request: "q".into(), answer: "a".into() }]);
        assert_eq!(
            findings(&[bare, full]),
            json!([
                { "rule": "r", "severity": "note", "file": null, "line": null, "column": null,
                  "message": "m", "help": null, "mend": null },
                { "rule": "r", "severity": "note", "file": "a.yaml", "line": 2, "column": 3,
                  "message": "m", "help": "h", "mend": "h", "evidence": [{ "request": "q", "answer": "a" }] },
            ])
        );
    }
}

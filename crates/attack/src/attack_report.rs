//! The results of a run.

use report::{Checklist, Failure, Finding, Report, Severity, Tally, Transcript};
use serde::Serialize;

use crate::door::{GuideDoor, ShutBy};
use crate::verdict::{Status, Verdict};

/// An attack with its verdict.
#[derive(Debug, Clone, Serialize)]
pub struct AttackResult {
    /// The name of the attack.
    pub attack: &'static str,
    /// The door that it tries.
    pub door: GuideDoor,
    /// The question that the attacker asks.
    pub thought: &'static str,
    /// Who can fix it: the gateway's operator, the API's developer, or both.
    pub shut_by: ShutBy,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The results of a run: attacks, and ordinary requests.
#[derive(Debug, Clone, Serialize)]
pub struct AttackReport {
    /// The attacks in the order in which they ran.
    #[serde(rename = "findings")]
    pub results: Vec<AttackResult>,
    /// How many ordinary requests were sent.
    pub ordinary: usize,
    /// Those of the ordinary requests that were refused or had no answer.
    pub refused: Vec<Transcript>,
}

impl AttackReport {
    /// The attacks on one door.
    pub fn door(&self, door: GuideDoor) -> impl Iterator<Item = &AttackResult> {
        self.results.iter().filter(move |result| result.door == door)
    }

    /// The attacks that ended with this status.
    pub fn with_status(&self, status: Status) -> impl Iterator<Item = &AttackResult> {
        self.results.iter().filter(move |result| result.verdict.status == status)
    }

    /// Whether any attack ended with this status.
    pub fn has(&self, status: Status) -> bool {
        self.with_status(status).next().is_some()
    }

    /// The report in the terms of all formats: attacks that worked are findings, attacks that could not run to their
    /// end are failures.
    pub fn to_report(&self) -> Report {
        let finding = |result: &AttackResult| {
            let message = format!("{} {}", result.thought, result.verdict.summary);
            Finding::new(result.attack, Severity::Error, message).evidence(result.verdict.evidence.clone())
        };
        let failure = |result: &AttackResult| Failure {
            check: result.attack.to_owned(),
            reason: result.verdict.summary.clone(),
        };
        Report {
            findings: self.with_status(Status::Exploited).map(finding).collect(),
            failures: self.with_status(Status::Failed).map(failure).collect(),
            ..Report::default()
        }
    }

    /// The guide's checklist, with a column for each report. Doors that no report tried are left out.
    pub fn checklist(columns: &[(&str, &AttackReport)]) -> Checklist {
        let is_tried =
            |door: &GuideDoor| columns.iter().any(|(_, report)| report.door(*door).next().is_some());
        let row = |door: GuideDoor| {
            let tallies = columns.iter().map(|(_, report)| report.tally(door)).collect();
            (door.title().to_owned(), tallies)
        };
        Checklist {
            columns: columns.iter().map(|(title, _)| (*title).to_owned()).collect(),
            rows: GuideDoor::ALL.into_iter().filter(is_tried).map(row).collect(),
            ordinary: columns
                .iter()
                .map(|(_, report)| (report.ordinary.saturating_sub(report.refused.len()), report.ordinary))
                .collect(),
        }
    }

    fn tally(&self, door: GuideDoor) -> Tally {
        let count = |status| self.door(door).filter(|result| result.verdict.status == status).count();
        Tally {
            exploited: count(Status::Exploited),
            blocked: count(Status::Blocked),
            failed: count(Status::Failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(attack: &'static str, door: GuideDoor, verdict: Verdict) -> AttackResult {
        AttackResult { attack, door, thought: "Does it?", shut_by: ShutBy::Code, verdict }
    }

    fn report() -> AttackReport {
        let seen = || vec![Transcript { request: "GET /".into(), answer: "200 OK".into() }];
        AttackReport {
            results: vec![
                result("a", GuideDoor::Cors, Verdict::exploited("it does", seen())),
                result("b", GuideDoor::Cors, Verdict::blocked("it does not", seen())),
                result("c", GuideDoor::Firewall, Verdict::failed("no answer in time")),
                result("d", GuideDoor::Firewall, Verdict::not_applicable("nothing to read")),
            ],
            ordinary: 3,
            refused: seen(),
        }
    }

    #[test]
    fn attacks_that_worked_are_findings_and_attacks_that_could_not_run_are_failures() {
        let report = report().to_report();
        let findings: Vec<_> =
            report.findings.iter().map(|f| (f.rule.as_str(), f.message.as_str())).collect();
        assert_eq!(findings, [("a", "Does it? it does")]);
        assert_eq!(report.failures, [Failure { check: "c".into(), reason: "no answer in time".into() }]);
    }

    #[test]
    fn the_checklist_counts_what_was_tried_and_leaves_out_other_doors() {
        let report = report();
        let list = AttackReport::checklist(&[("result", &report)]);
        assert_eq!(
            list.rows,
            [
                (GuideDoor::Cors.title().to_owned(), vec![Tally { exploited: 1, blocked: 1, failed: 0 }]),
                (GuideDoor::Firewall.title().to_owned(), vec![Tally { exploited: 0, blocked: 0, failed: 1 }]),
            ]
        );
        assert_eq!(list.ordinary, [(2, 3)]);
    }

    #[test]
    fn json_keeps_its_member_names() {
        let json = serde_json::to_value(report()).unwrap();
        let first = serde_json::json!({
            "attack": "a", "door": "cors", "thought": "Does it?", "shut_by": "code", "status": "exploited",
            "summary": "it does", "evidence": [{ "request": "GET /", "answer": "200 OK" }],
        });
        for (at, value) in [
            ("/findings/0", first),
            ("/findings/2/status", "failed".into()),
            ("/ordinary", 3.into()),
            ("/refused/0/request", "GET /".into()),
        ] {
            assert_eq!(json.pointer(at), Some(&value), "{at}");
        }
    }
}

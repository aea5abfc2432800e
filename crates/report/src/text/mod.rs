//! Text for a terminal: a whole report, a list of findings, a finding with its evidence, and reports side by side.
//!
//! What is more than one line ends with a line break. Escape sequences and marks of direction in what came from
//! outside are written out: the terminal never sees them.

mod parts;
mod table;
mod whole;

use crate::finding::{Finding, Transcript};
use crate::limits;
use crate::severity::Severity;
use crate::visible::visible;

use parts::line;
pub(crate) use parts::number_of_findings;
pub use parts::{Style, transcript};
pub use table::side_by_side;
pub use whole::report;
pub(crate) use whole::{checks, findings};

/// A line for each finding that is at least this severe, with the help below it.
pub fn list(findings: &[Finding], least: Severity) -> String {
    let mut out = String::new();
    for finding in findings.iter().filter(|finding| finding.severity >= least) {
        let finding = limits::finding(finding);
        let place = finding.location.as_ref().map(|location| format!("{location}: ")).unwrap_or_default();
        let (place, message, rule) = (visible(&place), visible(&finding.message), visible(&finding.rule));
        line(&mut out, format_args!("  {:7} {place}{message}  [{rule}]", finding.severity));
        if let Some(help) = &finding.help {
            line(&mut out, format_args!("          {}", visible(help)));
        }
    }
    out
}

/// A finding with the exchanges that show it.
pub fn evidence(title: &str, summary: &str, evidence: &[Transcript]) -> String {
    let mut out = format!("{}\n  {}\n", visible(title), visible(summary));
    out.extend(evidence.iter().map(transcript));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Location;

    #[test]
    fn a_list_shows_what_is_severe_enough() {
        let findings = [
            Finding::new("open", Severity::Error, "anybody may write")
                .at(Location::position("a.yaml", 2, 3))
                .help("add `security`"),
            Finding::new("no-limit", Severity::Note, "no maximum").at(Location::file("a.yaml")),
            Finding::new("plain", Severity::Warning, "no location"),
        ];
        let [error, note, warning] = [
            "  error   a.yaml:2:3: anybody may write  [open]\n          add `security`\n",
            "  note    a.yaml: no maximum  [no-limit]\n",
            "  warning no location  [plain]\n",
        ];
        for (least, shown) in [
            (Severity::Note, format!("{error}{note}{warning}")),
            (Severity::Warning, format!("{error}{warning}")),
            (Severity::Error, error.to_owned()),
        ] {
            assert_eq!(list(&findings, least), shown);
        }
    }

    #[test]
    fn evidence_shows_every_line_of_both_sides() {
        let seen = Transcript { request: "GET /\nhost: a".into(), answer: "200 OK\n\nbody".into() };
        assert_eq!(
            evidence("sql — Why?", "it grew", &[seen]),
            "sql — Why?\n  it grew\n  > GET /\n  > host: a\n  < 200 OK\n  < \n  < body\n"
        );
    }
}

//! Text for a terminal: a whole report, a list of findings, a finding with its evidence, and a checklist as a table.
//!
//! What is more than one line ends with a line break. Escape sequences and marks of direction in what came from
//! outside are written out: the terminal never sees them.

mod parts;
mod whole;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Color, ContentArrangement, Table};

use crate::checklist::{Cell, Checklist};
use crate::finding::{Finding, Transcript};
use crate::limits;
use crate::severity::Severity;
use crate::visible::visible;

use parts::line;
pub use parts::{Style, transcript};
pub use whole::report;
pub(crate) use whole::{checks, findings, number_of_findings};

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

/// A checklist as a table.
pub fn checklist(checklist: &Checklist, style: Style) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if style == Style::Plain {
        table.force_no_tty();
    }
    let bold = |text: &str| comfy_table::Cell::new(text).add_attribute(Attribute::Bold);
    table.set_header(std::iter::once(bold("door")).chain(checklist.columns.iter().map(|name| bold(name))));
    for (title, tallies) in &checklist.rows {
        let cells = tallies.iter().map(|tally| cell(tally.cell()));
        table.add_row(std::iter::once(comfy_table::Cell::new(title)).chain(cells));
    }
    let ordinary = checklist.ordinary.iter().map(|&(served, sent)| {
        let color = if served == sent { Color::Green } else { Color::Red };
        comfy_table::Cell::new(format!("{served} of {sent}")).fg(color)
    });
    table.add_row(std::iter::once(comfy_table::Cell::new("Ordinary requests served")).chain(ordinary));
    table.to_string()
}

fn cell(cell: Cell) -> comfy_table::Cell {
    let (text, color) = match cell {
        Cell::NothingToTry => ("nothing to try".to_owned(), Color::DarkGrey),
        Cell::Open { exploited, tried } => (format!("OPEN   {exploited} of {tried} worked"), Color::Red),
        Cell::Unknown { failed, tried } => {
            (format!("?      {failed} of {tried} could not run"), Color::Yellow)
        }
        Cell::Shut { blocked } => (format!("shut   {blocked} of {blocked} blocked"), Color::Green),
    };
    comfy_table::Cell::new(text).fg(color)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checklist::Tally;
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

    #[test]
    fn a_table_tells_shut_from_unknown_and_from_nothing_to_try() {
        let tally = |exploited, blocked, failed| Tally { exploited, blocked, failed };
        let list = Checklist {
            columns: vec!["result".into()],
            rows: vec![
                ("one".into(), vec![tally(1, 2, 0)]),
                ("two".into(), vec![tally(0, 3, 0)]),
                ("three".into(), vec![tally(0, 2, 1)]),
                ("four".into(), vec![tally(0, 0, 0)]),
            ],
            ordinary: vec![(43, 44)],
        };
        let shown = checklist(&list, Style::Plain);
        for (row, cell) in [
            ("one", "OPEN   1 of 3 worked"),
            ("two", "shut   3 of 3 blocked"),
            ("three", "?      1 of 3 could not run"),
            ("four", "nothing to try"),
            ("Ordinary requests served", "43 of 44"),
        ] {
            assert!(shown.lines().any(|line| line.contains(row) && line.contains(cell)), "{row}: {shown}");
        }
    }
}

//! A whole report for a terminal: the checklist, the findings with the worst first, and what could not be tried.

use super::parts::{Style, line, number_of_findings, transcript};
use super::table::checklist;
use crate::check::{Counts, Verdict};
use crate::finding::Finding;
use crate::level::Level;
use crate::limits;
use crate::results::Report;
use crate::tool::Tool;
use crate::visible::{on_one_line, visible};

/// What the verdicts mean.
const LEGEND: &str = "Open: it worked, and the exchanges below show it. Shut: what is ordinary was served, and the attack was not. \
                      The others say nothing of the API.";

/// A whole report.
pub fn report(tool: &Tool<'_>, report: &Report, style: Style) -> String {
    let report = limits::bounded(report);
    let target = report.target.as_deref().map(|target| format!(": {}", on_one_line(target)));
    let mut out = format!("{} {}{}\n", tool.name, tool.version, target.unwrap_or_default());
    if !report.checks.is_empty() {
        line(&mut out, format_args!("\n{}", checklist(&report.rows(), style)));
        line(&mut out, format_args!("{}.", checks(report.counts())));
        line(&mut out, format_args!("{LEGEND}\n"));
    }
    line(&mut out, format_args!("{}.", findings(&report)));
    report.worst_first().for_each(|(_, found)| finding(&mut out, found));
    list(&mut out, "Could not be tried", report.not_tried());
    list(&mut out, "Unknown, or could not run to the end", report.incomplete());
    list(&mut out, "The run", report.facts.iter().map(|fact| (fact.title.as_str(), fact.text.as_str())));
    out
}

/// `3 findings: 1 critical, 2 low`.
pub(crate) fn findings(report: &Report) -> String {
    let of_level = |level: Level| match report.at_level(level) {
        0 => None,
        count => Some(format!("{count} {level}")),
    };
    let levels: Vec<String> = Level::ALL.into_iter().filter_map(of_level).collect();
    match report.findings.len() {
        0 => "No findings".to_owned(),
        count => format!("{}: {}", number_of_findings(count), levels.join(", ")),
    }
}

/// `9 checks: 1 open, 0 unknown, 2 could not be tried, 6 shut`.
pub(crate) fn checks(counts: Counts) -> String {
    let parts = Verdict::ALL.map(|verdict| format!("{} {}", counts.get(verdict), verdict.title()));
    let noun = if counts.total() == 1 { "check" } else { "checks" };
    format!("{} {noun}: {}", counts.total(), parts.join(", "))
}

fn finding(out: &mut String, finding: &Finding) {
    let (rule, message) = (on_one_line(&finding.rule), on_one_line(&finding.message));
    line(out, format_args!("\n{:8} {message}  [{rule}]", finding.level()));
    let location = finding.location.as_ref().map(ToString::to_string);
    for (title, text) in [
        ("at", location.as_deref()),
        ("about", finding.subject.as_deref().filter(|subject| !says(&finding.message, subject))),
        ("what to do", finding.help.as_deref()),
        ("in the code", finding.mend_in_code.as_deref()),
        ("at the gate", finding.mend_at_gate.as_deref()),
        ("repeat it", finding.repeat.as_deref()),
    ] {
        if let Some(text) = text {
            line(out, format_args!("  {title}: {}", visible(text).replace('\n', "\n    ")));
        }
    }
    for reference in &finding.references {
        let label = reference.label();
        let url =
            reference.url().filter(|url| *url != label).map(|url| format!(" {url}")).unwrap_or_default();
        line(out, format_args!("  see: {}", on_one_line(&format!("{label}{url}"))));
    }
    for (nth, seen) in finding.evidence.iter().enumerate() {
        match nth {
            0 => line(out, format_args!("  what was sent (>) and answered (<):")),
            _ => line(out, format_args!("")),
        }
        out.push_str(&transcript(seen));
    }
}

/// Whether a message has all words of a text already.
fn says(message: &str, text: &str) -> bool {
    text.split_whitespace().all(|word| message.contains(word))
}

fn list<'r>(out: &mut String, title: &str, rows: impl Iterator<Item = (&'r str, &'r str)>) {
    let mut rows = rows.peekable();
    if rows.peek().is_some() {
        line(out, format_args!("\n{title}:"));
    }
    for (name, reason) in rows {
        line(out, format_args!("  {}: {}", on_one_line(name), on_one_line(reason)));
    }
}

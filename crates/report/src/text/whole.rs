//! A whole report for a terminal: the checklist, the findings with the worst first, and what could not be tried.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};

use super::parts::{Style, line, transcript};
use crate::check::{Counts, Standing, Verdict};
use crate::finding::Finding;
use crate::level::Level;
use crate::limits;
use crate::results::{Report, Row};
use crate::tool::Tool;
use crate::visible::{on_one_line, visible};

/// A whole report.
pub fn report(tool: &Tool<'_>, report: &Report, style: Style) -> String {
    let report = limits::bounded(report);
    let target = report.target.as_deref().map(|target| format!(": {}", on_one_line(target)));
    let mut out = format!("{} {}{}\n", tool.name, tool.version, target.unwrap_or_default());
    if !report.checks.is_empty() {
        line(&mut out, format_args!("\n{}", checklist(&report.rows(), style)));
        line(&mut out, format_args!("{}.", checks(report.counts())));
    }
    line(&mut out, format_args!("{}.", findings(&report)));
    report.worst_first().for_each(|(_, found)| finding(&mut out, found));
    list(&mut out, "Could not be tried", report.not_tried());
    list(&mut out, "Unknown, or could not run to the end", report.incomplete());
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

/// `1 finding`, `2 findings`.
pub(crate) fn number_of_findings(count: usize) -> String {
    match count {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    }
}

/// `9 checks: 1 open, 0 unknown, 2 could not be tried, 6 shut`.
pub(crate) fn checks(counts: Counts) -> String {
    let parts = Verdict::ALL.map(|verdict| format!("{} {}", counts.get(verdict), verdict.title()));
    format!("{} checks: {}", counts.total(), parts.join(", "))
}

fn checklist(rows: &[Row<'_>], style: Style) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if style == Style::Plain {
        table.force_no_tty();
    }
    let bold = |text: &str| Cell::new(text).add_attribute(Attribute::Bold);
    table.set_header(
        ["check", "priority", "result"].into_iter().chain(Verdict::ALL.map(Verdict::title)).map(bold),
    );
    for row in rows {
        let standing = match row.counts.total() {
            // Findings that no check names.
            0 => Cell::new(number_of_findings(row.findings.len())).fg(Color::Red),
            _ => Cell::new(row.counts.standing().title()).fg(color(row.counts.standing())),
        };
        let counts = Verdict::ALL.map(|verdict| Cell::new(row.counts.get(verdict)));
        let priority = row.priority.map_or("", Level::name);
        table.add_row(
            [Cell::new(on_one_line(row.title)), Cell::new(priority), standing].into_iter().chain(counts),
        );
    }
    table
}

fn color(standing: Standing) -> Color {
    match standing {
        Standing::Open => Color::Red,
        Standing::Unknown | Standing::ShutWhereTried => Color::Yellow,
        Standing::Shut => Color::Green,
        Standing::NotTried => Color::DarkGrey,
    }
}

fn finding(out: &mut String, finding: &Finding) {
    let (rule, message) = (on_one_line(&finding.rule), on_one_line(&finding.message));
    line(out, format_args!("\n{:8} {message}  [{rule}]", finding.level()));
    let location = finding.location.as_ref().map(ToString::to_string);
    for (title, text) in [
        ("at", location.as_deref()),
        ("about", finding.subject.as_deref()),
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
    out.extend(finding.evidence.iter().map(transcript));
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

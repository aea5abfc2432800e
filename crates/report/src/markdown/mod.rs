//! Markdown for comments on pull requests and for job summaries.
//!
//! What came from outside cannot format, link, mention or ping: it is escaped, and the forms that GitHub and GitLab
//! make links of by themselves are broken with a space of no width. The text is bounded, for both hosts refuse a
//! comment that is too long; what was left out is told at the end.

mod escape;

use crate::check::Verdict;
use crate::finding::Finding;
use crate::level::Level;
use crate::limits;
use crate::results::{Report, Row};
use crate::text::{checks, findings, number_of_findings};
use crate::tool::Tool;
use crate::visible::visible;

use escape::{fenced, html, inline, link};

/// The most bytes of a comment: GitHub takes 65,536 characters.
pub const COMMENT: usize = 60_000;
/// The most bytes of a job summary: GitHub takes 1 MiB.
pub const SUMMARY: usize = 1_000_000;

/// The most bytes of the note at the end.
const NOTE: usize = 200;

/// The report in at most `max` bytes, or somewhat more where that is less than the shortest summary.
pub fn report(tool: &Tool<'_>, report: &Report, max: usize) -> String {
    let report = limits::bounded(report);
    let mut out = Bounded { out: String::new(), max: max.saturating_sub(NOTE), left_out: 0 };
    out.out.push_str(&format!("## {}: {}\n\n", inline(tool.name), findings(&report).to_lowercase()));
    if let Some(target) = &report.target {
        out.push(&format!("Examined: {}\n\n", inline(target)));
    }
    if !report.checks.is_empty() {
        out.push(&format!("{}.\n\n", checks(report.counts())));
        let titles = Verdict::ALL.map(Verdict::title).join(" | ");
        out.push(&format!("| check | priority | result | {titles} |\n|---|---|---|---:|---:|---:|---:|\n"));
        report.rows().iter().for_each(|row| out.push(&self::row(row)));
        out.push("\n");
    }
    for (_, found) in report.worst_first() {
        out.push_first_that_fits(&[finding(found), title_only(found)]);
    }
    list(&mut out, "Could not be tried", report.not_tried());
    list(&mut out, "Unknown, or could not run to the end", report.incomplete());
    list(&mut out, "The run", report.facts.iter().map(|fact| (fact.title.as_str(), fact.text.as_str())));
    out.end()
}

/// Text that grows up to a limit, part by part.
struct Bounded {
    out: String,
    max: usize,
    left_out: usize,
}

impl Bounded {
    fn push(&mut self, part: &str) {
        self.push_first_that_fits(&[part.to_owned()]);
    }

    fn push_first_that_fits(&mut self, parts: &[String]) {
        match parts.iter().find(|part| self.out.len() + part.len() <= self.max) {
            Some(part) => self.out.push_str(part),
            None => self.left_out += 1,
        }
    }

    fn end(mut self) -> String {
        if self.left_out > 0 {
            let left_out = self.left_out;
            self.out.push_str(&format!(
                "\n*{left_out} more rows or findings were left out, because this text would be too long. The other formats have them all.*\n"
            ));
        }
        self.out
    }
}

fn row(row: &Row<'_>) -> String {
    let standing = match row.counts.total() {
        0 => number_of_findings(row.findings.len()),
        _ => row.counts.standing().title().to_owned(),
    };
    let counts = Verdict::ALL.map(|verdict| row.counts.get(verdict).to_string()).join(" | ");
    format!("| {} | {} | {standing} | {counts} |\n", inline(row.title), row.priority.map_or("", Level::name))
}

fn title_only(finding: &Finding) -> String {
    format!("- **{}** {} ({})\n\n", finding.level(), inline(&finding.message), inline(&finding.rule))
}

fn finding(finding: &Finding) -> String {
    let (message, rule) = (html(&finding.message), html(&finding.rule));
    let mut out =
        format!("<details><summary><b>{}</b> {message} <code>{rule}</code></summary>\n\n", finding.level());
    let location = finding.location.as_ref().map(ToString::to_string);
    for (title, text) in [
        ("Where", location.as_deref()),
        ("About", finding.subject.as_deref()),
        ("What to do", finding.help.as_deref()),
        ("In the code", finding.mend_in_code.as_deref()),
        ("At the gate", finding.mend_at_gate.as_deref()),
    ] {
        if let Some(text) = text {
            out.push_str(&format!("- **{title}:** {}\n", inline(text)));
        }
    }
    if !finding.references.is_empty() {
        let references: Vec<String> = finding.references.iter().map(link).collect();
        out.push_str(&format!("- **See:** {}\n", references.join(", ")));
    }
    if let Some(command) = &finding.repeat {
        out.push_str(&format!("\nRepeat it:\n\n{}", fenced("sh", &visible(command))));
    }
    for exchange in &finding.evidence {
        out.push_str(&format!("\n{}", fenced("", crate::text::transcript(exchange).trim_end())));
    }
    out.push_str("\n</details>\n\n");
    out
}

fn list<'r>(out: &mut Bounded, title: &str, rows: impl Iterator<Item = (&'r str, &'r str)>) {
    let mut rows = rows.peekable();
    if rows.peek().is_some() {
        out.push(&format!("\n### {title}\n\n"));
    }
    for (name, reason) in rows {
        out.push(&format!("- {}: {}\n", inline(name), inline(reason)));
    }
}

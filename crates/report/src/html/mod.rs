//! One HTML file to read, print and pass on.
//!
//! It needs nothing else: no script, no font, no picture from elsewhere. Its own Content-Security-Policy allows only
//! its style, by hash, so that nothing that came from the API under test can run even if it were not escaped. It
//! follows the reader's choice of light or dark, fits a phone, and prints with everything unfolded. Where a server's
//! policy takes the style away (Jenkins does), the order of the text and the colours of the charts remain.

mod chart;
mod finding;
mod parts;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::check::Verdict;
use crate::limits;
use crate::results::{Report, Row};
use crate::text::{checks, findings};
use crate::tool::Tool;

use parts::{level, outside, standing};

const STYLE: &str = include_str!("style.css");

const NOT_TRIED: &str = "These checks say nothing about the API: there was nothing to try them on, or something they \
                         need was not given.";
const UNKNOWN: &str = "These checks were begun, and what came back proves neither that a door is open nor that it \
                       is shut.";

/// The report as a document.
pub fn report(tool: &Tool<'_>, report: &Report) -> String {
    let prints = report.fingerprints();
    let report = limits::bounded(report);
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    let name = match &report.target {
        Some(target) => format!("{} report: {}", tool.name, crate::visible::on_one_line(target)),
        None => format!("{} report", tool.name),
    };
    let rows = report.rows();
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#findings" { "Skip to the findings" }
                (header(tool, &report))
                main {
                    (summary(&report))
                    @if !rows.is_empty() { (checklist(&report, &rows)) }
                    section aria-labelledby="findings" {
                        h2 #findings { "Findings" }
                        @if report.findings.is_empty() { p { (no_findings(&report)) } }
                        @for (index, found) in report.worst_first() {
                            @let print = prints.get(index).map_or("", String::as_str);
                            (finding::article(&report, found, index, print))
                        }
                    }
                    (list("not-tried", "Could not be tried", NOT_TRIED, report.not_tried().collect()))
                    (list("unknown", "Unknown, or could not run to the end", UNKNOWN, report.incomplete().collect()))
                    (list("run", "The run", "", facts(&report)))
                }
                footer {
                    p { "Made by " a href=(Tool::PAGE) rel="noreferrer" { (tool.name) } " " (tool.version) ". Only what is marked “shut” was tried and held." }
                }
            }
        }
    };
    let mut text = document.into_string();
    text.push('\n');
    text
}

fn header(tool: &Tool<'_>, report: &Report) -> Markup {
    html! {
        header {
            p.eyebrow { (tool.name) " " (tool.version) }
            h1 { "Security report" }
            @if let Some(target) = &report.target { p.target { (outside(target)) } }
            @if let Some(ended) = report.ended {
                @let time = humantime::format_rfc3339_seconds(ended).to_string();
                p.when { time datetime=(time) { (time.replace('T', " ").replace('Z', " UTC")) } }
            }
        }
    }
}

fn summary(report: &Report) -> Markup {
    html! {
        section aria-labelledby="summary" {
            h2 #summary { "Summary" }
            div.cards {
                div.card {
                    h3 { (findings(report)) }
                    (chart::levels(report))
                }
                @if !report.checks.is_empty() {
                    div.card {
                        h3 { (checks(report.counts()).split(':').next().unwrap_or_default()) }
                        (chart::verdicts(report.counts()))
                    }
                }
            }
        }
    }
}

fn checklist(report: &Report, rows: &[Row<'_>]) -> Markup {
    let has_checks = !report.checks.is_empty();
    html! {
        section aria-labelledby="checklist" {
            h2 #checklist { "Checklist" }
            div.scroll tabindex="0" role="region" aria-labelledby="checklist" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Check" }
                            th scope="col" { "Priority" }
                            @if has_checks {
                                th scope="col" { "Result" }
                                @for verdict in Verdict::ALL { th.number scope="col" { (verdict.title()) } }
                            }
                            th.number scope="col" { "Findings" }
                        }
                    }
                    tbody {
                        @for row in rows {
                            tr {
                                th scope="row" { (outside(row.title)) }
                                td { @if let Some(priority) = row.priority { (level(priority)) } }
                                @if has_checks {
                                    td { @if row.counts.total() > 0 { (standing(row.counts.standing())) } }
                                    @for verdict in Verdict::ALL { td.number { (row.counts.get(verdict)) } }
                                }
                                td.number {
                                    @match row.findings.first() {
                                        Some(first) => a href={ "#finding-" (first + 1) } { (row.findings.len()) },
                                        None => "0",
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What no findings mean depends on whether everything was tried.
fn no_findings(report: &Report) -> &'static str {
    let counts = report.counts();
    if report.incomplete().next().is_some() || counts.not_tried > 0 {
        "Nothing was found, but not everything could be tried: see below."
    } else {
        "Nothing was found."
    }
}

fn facts(report: &Report) -> Vec<(&str, &str)> {
    report.facts.iter().map(|fact| (fact.title.as_str(), fact.text.as_str())).collect()
}

fn list(id: &str, title: &str, meaning: &str, rows: Vec<(&str, &str)>) -> Markup {
    html! {
        @if !rows.is_empty() {
            section aria-labelledby=(id) {
                h2 #(id) { (title) }
                @if !meaning.is_empty() { p.soft { (meaning) } }
                dl.reasons {
                    @for (name, reason) in rows {
                        div {
                            dt { (outside(name)) }
                            dd { (outside(reason)) }
                        }
                    }
                }
            }
        }
    }
}

//! A finding, folded to its title.

use maud::{Markup, html};

use super::parts::{code, level, outside};
use crate::finding::{Finding, Transcript};
use crate::level::Level;
use crate::limits::cut;
use crate::reference::Reference;
use crate::results::Report;
use crate::visible::visible;

/// The most characters of a title; what is longer stands in full below it.
const TITLE: usize = 300;
/// The worst are unfolded, as long as there are few findings.
const UNFOLDED: usize = 10;

pub(super) fn article(report: &Report, finding: &Finding, index: usize, print: &str) -> Markup {
    let number = index + 1;
    let title_text = cut(&finding.message, TITLE);
    let is_open = finding.level() >= Level::High && report.findings.len() <= UNFOLDED;
    html! {
        article id={ "finding-" (number) } aria-labelledby={ "title-" (number) } {
            details open[is_open] {
                summary {
                    (level(finding.level()))
                    h3 id={ "title-" (number) } { (outside(&title_text)) }
                    span.rule { (outside(&finding.rule)) }
                }
                div.body {
                    @if title_text != finding.message { p.text { (outside(&finding.message)) } }
                    dl.facts {
                        @if let Some(location) = &finding.location { (fact("Where", &location.to_string())) }
                        @if let Some(subject) = &finding.subject { (fact("About", subject)) }
                        @if let Some(category) = report.category_of(finding) { (fact("Category", title(report, category))) }
                        @if !finding.tags.is_empty() { (fact("Tags", &finding.tags.join(", "))) }
                        (fact("Fingerprint", print))
                    }
                    (mend("What to do", finding.help.as_deref()))
                    (mend("Mend it in the code", finding.mend_in_code.as_deref()))
                    (mend("Mend it at the gate", finding.mend_at_gate.as_deref()))
                    @if let Some(command) = &finding.repeat {
                        h4 { "Repeat it" }
                        (code(command))
                    }
                    @if !finding.evidence.is_empty() {
                        h4 { "Evidence" }
                        @for exchange in &finding.evidence { (self::exchange(exchange)) }
                    }
                    @if !finding.references.is_empty() {
                        h4 { "References" }
                        ul.references { @for reference in &finding.references { li { (self::reference(reference)) } } }
                    }
                }
            }
        }
    }
}

fn title<'r>(report: &'r Report, category: &'r str) -> &'r str {
    let known = report.categories.iter().find(|known| known.name == category);
    known.map_or(category, |known| &known.title)
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (outside(value)) } } }
}

fn mend(title: &str, text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text {
            h4 { (title) }
            p.text { (outside(text)) }
        }
    }
}

fn exchange(exchange: &Transcript) -> Markup {
    html! {
        div.exchange {
            figure { figcaption { "Request" } (code(&exchange.request)) }
            figure { figcaption { "Answer" } (code(&exchange.answer)) }
        }
    }
}

/// [`Reference::url`] is always `http` or `https`.
fn reference(reference: &Reference) -> Markup {
    let label = reference.label();
    html! {
        @match reference.url() {
            // Printed, a link shows its address, which this one does already.
            Some(url) if url == label => a.bare href=(visible(&url)) rel="noreferrer nofollow" { (outside(&label)) },
            Some(url) => a href=(visible(&url)) rel="noreferrer nofollow" { (outside(&label)) },
            None => (outside(&label)),
        }
    }
}

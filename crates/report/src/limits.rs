//! What a report shows of one thing: bounded, and without credentials.
//!
//! Each format begins with [`bounded`]. Tools shorten credentials and bodies where they know them; this is the net
//! below, so that a tool that forgot does not publish a token in a pull request.

use crate::check::{Category, Check};
use crate::credentials::{Lines, shortened};
use crate::finding::{Finding, Location, Transcript};
use crate::reference::Reference;
use crate::results::{Fact, Failure, Report};

/// The most characters of a name.
const NAME: usize = 200;
/// The most characters of a message or a reason.
const MESSAGE: usize = 2_000;
/// The most characters of a longer text: help, mends, a command.
const TEXT: usize = 8_000;
/// The most characters of one side of an exchange.
const SIDE: usize = 4_000;
/// The most exchanges of a finding.
const EXCHANGES: usize = 10;
/// The most facts.
const FACTS: usize = 200;
/// The most references, and the most tags, of a finding.
const WORDS: usize = 20;

/// A report as it is shown.
pub(crate) fn bounded(report: &Report) -> Report {
    let failure = |f: &Failure| Failure { check: name(&f.check), reason: message(&f.reason) };
    let check = |check: &Check| Check {
        name: name(&check.name),
        category: check.category.as_deref().map(name),
        thought: check.thought.as_deref().map(message),
        verdict: check.verdict,
        reason: message(&check.reason),
    };
    let category =
        |c: &Category| Category { name: name(&c.name), title: name(&c.title), priority: c.priority };
    Report {
        findings: report.findings.iter().map(finding).collect(),
        failures: report.failures.iter().map(failure).collect(),
        checks: report.checks.iter().map(check).collect(),
        categories: report.categories.iter().map(category).collect(),
        target: report.target.as_deref().map(message),
        artifact: report.artifact.as_deref().map(message),
        ended: report.ended,
        facts: report.facts.iter().take(FACTS).map(|f| Fact::new(name(&f.title), message(&f.text))).collect(),
    }
}

/// A finding as it is shown.
pub(crate) fn finding(finding: &Finding) -> Finding {
    let location = |at: &Location| Location { file: message(&at.file), position: at.position };
    Finding {
        rule: name(&finding.rule),
        severity: finding.severity,
        message: message(&finding.message),
        level: finding.level,
        category: finding.category.as_deref().map(name),
        help: finding.help.as_deref().map(text),
        mend_in_code: finding.mend_in_code.as_deref().map(text),
        mend_at_gate: finding.mend_at_gate.as_deref().map(text),
        subject: finding.subject.as_deref().map(message),
        repeat: finding.repeat.as_deref().map(text),
        references: finding.references.iter().take(WORDS).map(reference).collect(),
        tags: finding.tags.iter().take(WORDS).map(|tag| name(tag)).collect(),
        location: finding.location.as_ref().map(location),
        evidence: evidence(&finding.evidence),
    }
}

/// The first exchanges, and a note of how many are left out.
fn evidence(all: &[Transcript]) -> Vec<Transcript> {
    let mut shown: Vec<Transcript> = all.iter().take(EXCHANGES).map(transcript).collect();
    if let (more @ 1.., Some(last)) = (all.len().saturating_sub(EXCHANGES), shown.last_mut()) {
        last.answer.push_str(&format!("\n[{more} more exchanges left out]"));
    }
    shown
}

/// An exchange as it is shown.
pub(crate) fn transcript(transcript: &Transcript) -> Transcript {
    Transcript {
        request: cut(&shortened(&transcript.request, Lines::Headers), SIDE),
        answer: cut(&shortened(&transcript.answer, Lines::Headers), SIDE),
    }
}

/// URLs are not cut: a half one is another page.
fn reference(reference: &Reference) -> Reference {
    match reference {
        Reference::Asvs(text) => Reference::Asvs(name(text)),
        Reference::Other(text) => Reference::Other(name(text)),
        Reference::Advisory(id) | Reference::Url(id) if id.len() > TEXT => Reference::Other(name(id)),
        known => known.clone(),
    }
}

fn name(text: &str) -> String {
    cut(&shortened(text, Lines::Words), NAME)
}

fn message(text: &str) -> String {
    cut(&shortened(text, Lines::Words), MESSAGE)
}

fn text(text: &str) -> String {
    cut(&shortened(text, Lines::Words), TEXT)
}

/// The first `max` characters, with a note of how many are left out.
pub(crate) fn cut(text: &str, max: usize) -> String {
    // A text of few bytes has few characters; counting is for the long ones.
    let at = if text.len() <= max { None } else { text.char_indices().nth(max) };
    match at.and_then(|(at, _)| text.split_at_checked(at)) {
        Some((head, tail)) => format!("{head}… [{} characters left out]", tail.chars().count()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::severity::Severity;

    #[test]
    fn long_texts_are_cut_between_characters_with_a_note() {
        for (text, max, shown) in [
            ("abc", 3, "abc"),
            ("abcde", 3, "abc… [2 characters left out]"),
            ("äöü", 2, "äö… [1 characters left out]"),
            ("äöü", 3, "äöü"),
            ("", 0, ""),
        ] {
            assert_eq!(cut(text, max), shown);
        }
    }

    #[test]
    fn a_finding_shows_ten_exchanges_and_says_what_is_missing() {
        let exchange = || Transcript { request: "q".repeat(9_000), answer: "é".repeat(9_000) };
        let many = Finding::new("r", Severity::Note, "m").evidence((0..12).map(|_| exchange()).collect());
        let shown = finding(&many);
        assert_eq!(shown.evidence.len(), 10);
        assert!(shown.evidence[0].answer.ends_with("é… [5000 characters left out]"));
        assert!(shown.evidence[9].answer.ends_with("\n[2 more exchanges left out]"));
    }
}

//! What the reader of a report must know of the run: how much was looked at, and what stayed behind.

use attack::Summary;
use report::{Fact, Failure, Report};

/// Operations that are named where they serve nobody.
const MAX_UNSERVED: usize = 40;

/// Adds what a run has seen besides its findings. What makes the run incomplete is a failure.
pub(super) fn add(report: &mut Report, summary: &Summary, authorized: Option<&str>) {
    let mut fact = |title: &str, text: String| report.facts.push(Fact::new(title, text));
    if let Some(text) = authorized {
        fact("authorized by", text.to_owned());
    }
    fact("requests sent", summary.requests.to_string());
    let (all, served) = summary.operations;
    fact("operations that served an ordinary request", format!("{served} of {all}"));
    if summary.ordinary > 0 {
        let served = summary.ordinary - summary.refused.len().min(summary.ordinary);
        fact("ordinary texts served", format!("{served} of {}", summary.ordinary));
    }
    for seen in &summary.refused {
        let (request, answer) = (seen.request.trim(), seen.answer.lines().next().unwrap_or(""));
        fact("an ordinary text was refused", format!("{answer}: {}", request.replace('\n', " | ")));
    }
    for text in summary.unserved.iter().take(MAX_UNSERVED) {
        fact("not attacked", text.clone());
    }
    if let more @ 1.. = summary.unserved.len().saturating_sub(MAX_UNSERVED) {
        fact("not attacked", format!("and {more} more operations"));
    }
    for trouble in &summary.troubles {
        fact("an account cannot be used", trouble.clone());
    }
    if summary.left > 0 {
        fact("left behind", format!("{} objects that the run made and could not remove", summary.left));
    }
    let mut failure = |check: &str, reason: &str| {
        report.failures.push(Failure { check: check.to_owned(), reason: reason.to_owned() });
    };
    if let Some(ended) = &summary.ended {
        failure("the run ended early", ended);
    }
    for trouble in &summary.troubles {
        failure("an account cannot be used", trouble);
    }
    if served == 0 {
        failure(
            "nothing was attacked",
            "no operation serves an ordinary request; give accounts with --login or --identity",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(summary: &Summary) -> Report {
        let mut report = Report::default();
        add(&mut report, summary, Some("the owner, for a test"));
        report
    }

    #[test]
    fn a_run_that_looked_at_nothing_or_ended_early_is_a_failure() {
        let fine = Summary { operations: (3, 2), requests: 7, ..Summary::default() };
        assert_eq!(report(&fine).failures, []);
        for (summary, check) in [
            (Summary { operations: (3, 0), ..fine.clone() }, "nothing was attacked"),
            (Summary { ended: Some("gone".into()), ..fine.clone() }, "the run ended early"),
            (Summary { troubles: vec!["alice: 401".into()], ..fine.clone() }, "an account cannot be used"),
        ] {
            assert_eq!(report(&summary).failures[0].check, check);
        }
    }

    #[test]
    fn operations_that_serve_nobody_are_named_up_to_a_number() {
        let unserved = (0..100).map(|number| format!("GET /{number}: 404")).collect();
        let facts = report(&Summary { operations: (200, 100), unserved, ..Summary::default() }).facts;
        let named: Vec<&Fact> = facts.iter().filter(|fact| fact.title == "not attacked").collect();
        assert_eq!((named.len(), named[MAX_UNSERVED].text.as_str()), (41, "and 60 more operations"));
        assert_eq!(facts[0], Fact::new("authorized by", "the owner, for a test"));
    }
}

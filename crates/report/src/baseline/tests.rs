use std::time::Duration;

use super::*;
use crate::check::Check;
use crate::results::Failure;
use crate::severity::Severity;

fn report(rules: &[&str]) -> Report {
    let finding = |rule: &&str| Finding::new(*rule, Severity::Error, format!("{rule} is open"));
    Report { findings: rules.iter().map(finding).collect(), ..Report::default() }
}

fn day(days: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400)
}

#[test]
fn only_findings_that_the_baseline_lacks_are_new_and_lost_ones_are_told() {
    let baseline = Baseline::default().updated(&report(&["a", "b", "c", "d"]), day(0));
    let mut now = report(&["b", "b", "e"]);
    now.checks = vec![Check::new("c", Verdict::NotTried, "no login"), Check::new("a", Verdict::Shut, "403")];
    now.failures = vec![Failure { check: "d".into(), reason: "no answer".into() }];
    let comparison = baseline.compare(&now);
    let rules = |findings: &[&Finding]| findings.iter().map(|f| f.rule.clone()).collect::<Vec<_>>();
    let entries = |entries: &[&Entry]| {
        let mut rules: Vec<String> = entries.iter().map(|entry| entry.rule.clone()).collect();
        rules.sort();
        rules
    };
    assert_eq!(rules(&comparison.new), ["b", "e"], "a second copy of b is new");
    assert_eq!(rules(&comparison.known), ["b"]);
    assert_eq!(entries(&comparison.gone), ["a"]);
    assert_eq!(entries(&comparison.not_looked_for), ["c", "d"]);
}

#[test]
fn a_baseline_is_read_back_and_keeps_the_dates_of_what_it_knew() {
    let first = Baseline::default().updated(&report(&["a", "b"]), day(0));
    let second = Baseline::parse(&first.to_json()).unwrap().updated(&report(&["b", "c"]), day(1));
    let mut dates: Vec<_> = second.entries().map(|e| (e.rule.as_str(), e.date.as_str())).collect();
    dates.sort_unstable();
    assert_eq!(dates, [("b", "1970-01-01T00:00:00Z"), ("c", "1970-01-02T00:00:00Z")]);
    assert_eq!(Baseline::parse(&second.to_json()).unwrap(), second);
}

#[test]
fn a_file_is_written_whole_and_read_back() {
    let path = std::env::temp_dir().join(format!("doorward-baseline-{}.json", std::process::id()));
    let baseline = Baseline::default().updated(&report(&["a"]), day(0));
    baseline.write(&path).unwrap();
    assert_eq!(Baseline::read(&path).unwrap(), baseline);
    std::fs::remove_file(&path).unwrap();
    let error = Baseline::read(&path).unwrap_err().to_string();
    assert!(error.starts_with("the baseline ") && error.contains("cannot be read"), "{error}");
}

#[test]
fn a_broken_file_is_an_error_that_says_what_and_where() {
    let entry = |print: &str, date: &str| {
        format!(r#"{{"fingerprint":"{print}","rule":"r","message":"m","date":"{date}"}}"#)
    };
    let file = |entries: &str| format!(r#"{{"version":1,"findings":[{entries}]}}"#);
    let good = entry("a:1", "2026-01-31T12:00:00Z");
    for (text, error) in [
        (String::new(), "the baseline is broken: EOF while parsing a value at line 1 column 0"),
        ("<html>".into(), "the baseline is broken: expected value at line 1 column 1"),
        (r#"{"version":1}"#.into(), "the baseline is broken: missing field `findings`"),
        (r#"{"version":1,"findings":[],"x":1}"#.into(), "the baseline is broken: unknown field `x`"),
        (
            r#"{"version":2,"entries":[]}"#.into(),
            "the baseline has version 2, and this program reads version 1",
        ),
        (file(&format!("{good},{good}")), "the baseline has the fingerprint a:1 twice"),
        (file(&entry("a:1", "yesterday")), "the baseline has the date `yesterday` for a:1"),
    ] {
        let told = Baseline::parse(&text).unwrap_err().to_string();
        assert!(told.starts_with(error), "{told}");
    }
    assert!(Baseline::parse(&file(&good)).is_ok());
}

//! `--fail-on`: whether a report fails.

use std::fmt;
use std::str::FromStr;

use crate::baseline::{Baseline, Comparison};
use crate::finding::Finding;
use crate::level::Level;
use crate::results::Report;
use crate::severity::Severity;

/// From where on a finding fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Threshold {
    /// No finding fails.
    Never,
    /// A finding of this severity or a higher one.
    Severity(Severity),
    /// A finding of this level or a higher one.
    Level(Level),
}

impl Threshold {
    /// Whether a finding fails.
    pub fn is_reached_by(self, finding: &Finding) -> bool {
        match self {
            Threshold::Never => false,
            Threshold::Severity(least) => finding.severity >= least,
            Threshold::Level(least) => finding.level() >= least,
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Threshold::Never => "never",
            Threshold::Severity(severity) => severity.name(),
            Threshold::Level(level) => level.name(),
        })
    }
}

/// A name that is no threshold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no threshold; write critical, high, medium, low, info, error, warning, note or never")]
pub struct UnknownThreshold(String);

impl FromStr for Threshold {
    type Err = UnknownThreshold;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let severities = [Severity::Error, Severity::Warning, Severity::Note].map(Threshold::Severity);
        let levels = Level::ALL.map(Threshold::Level);
        let mut all = severities.into_iter().chain(levels).chain([Threshold::Never]);
        let is_named = |threshold: &Threshold| threshold.to_string().eq_ignore_ascii_case(name);
        all.find(is_named).ok_or_else(|| UnknownThreshold(name.to_owned()))
    }
}

/// Whether a report fails, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision<'r> {
    /// The findings that reach the threshold and are in no baseline.
    pub failing: Vec<&'r Finding>,
    /// The report beside the baseline; without one, all findings are new.
    pub comparison: Comparison<'r>,
}

impl Decision<'_> {
    /// Whether the report fails.
    pub fn fails(&self) -> bool {
        !self.failing.is_empty()
    }
}

/// Decides whether a report fails. What could not run is no finding: it is for the caller to see
/// [`Report::incomplete`].
pub fn decide<'r>(report: &'r Report, threshold: Threshold, baseline: Option<&'r Baseline>) -> Decision<'r> {
    let comparison = match baseline {
        Some(baseline) => baseline.compare(report),
        None => Comparison { new: report.findings.iter().collect(), ..Comparison::default() },
    };
    let failing = comparison.new.iter().copied().filter(|finding| threshold.is_reached_by(finding)).collect();
    Decision { failing, comparison }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn report() -> Report {
        Report {
            findings: vec![
                Finding::new("a", Severity::Warning, "old").rated(Level::Critical),
                Finding::new("b", Severity::Error, "new"),
                Finding::new("c", Severity::Note, "small"),
            ],
            ..Report::default()
        }
    }

    #[test]
    fn findings_at_the_threshold_and_above_fail() {
        for (name, failing) in [
            ("critical", &["a"][..]),
            ("high", &["a", "b"]),
            ("low", &["a", "b"]),
            ("info", &["a", "b", "c"]),
            ("error", &["b"]),
            ("warning", &["a", "b"]),
            ("note", &["a", "b", "c"]),
            ("never", &[]),
        ] {
            let report = report();
            let decision = decide(&report, name.parse().unwrap(), None);
            let rules: Vec<&str> = decision.failing.iter().map(|finding| finding.rule.as_str()).collect();
            assert_eq!((rules.as_slice(), decision.fails()), (failing, !failing.is_empty()), "{name}");
        }
        assert!("worst".parse::<Threshold>().is_err());
    }

    #[test]
    fn what_the_baseline_has_does_not_fail() {
        let report = report();
        let known = Report { findings: report.findings[..1].to_vec(), ..Report::default() };
        let baseline = Baseline::default().updated(&known, SystemTime::UNIX_EPOCH);
        let fails = |threshold| decide(&report, threshold, Some(&baseline)).fails();
        assert!(!fails(Threshold::Level(Level::Critical)));
        assert!(fails(Threshold::Level(Level::High)));
    }
}

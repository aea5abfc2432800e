//! How bad a vulnerability is.

use std::fmt;
use std::str::FromStr;

use cvss::Cvss;
use report::Severity;
use serde_json::Value;

use super::osv::{Affected, Record};

/// The qualitative levels of CVSS (v3.1 §5, v4.0 §6), and that nobody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing, such as that nobody maintains it.
    None,
    /// 0.1 to 3.9.
    Low,
    /// 4.0 to 6.9.
    Medium,
    /// No advisory says. It counts like high: an unrated hole may be any.
    Unknown,
    /// 7.0 to 8.9.
    High,
    /// 9.0 and more, and packages that are malicious.
    Critical,
}

impl Level {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Low => "low",
            Level::Medium => "medium",
            Level::Unknown => "unknown",
            Level::High => "high",
            Level::Critical => "critical",
        }
    }

    /// The level in the terms of reports.
    pub const fn severity(self) -> Severity {
        match self {
            Level::Critical | Level::High | Level::Unknown => Severity::Error,
            Level::Medium => Severity::Warning,
            Level::Low | Level::None => Severity::Note,
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "critical" => Some(Level::Critical),
            "high" | "important" => Some(Level::High),
            "medium" | "moderate" => Some(Level::Medium),
            "low" => Some(Level::Low),
            "none" => Some(Level::None),
            _ => None,
        }
    }
}

impl Level {
    /// The level in the terms of all reports. What nobody rated may be high.
    pub const fn rated(self) -> report::Level {
        match self {
            Level::Critical => report::Level::Critical,
            Level::High | Level::Unknown => report::Level::High,
            Level::Medium => report::Level::Medium,
            Level::Low => report::Level::Low,
            Level::None => report::Level::Info,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The level of a record for one of the packages that it names, with the score where there is one.
///
/// The highest score of all vectors of CVSS 3 and 4 counts; then that of CVSS 2; then the word of the database.
pub(crate) fn rate(record: &Record, affected: &[&Affected]) -> (Level, Option<f64>) {
    let vectors = record.severity.iter().chain(affected.iter().flat_map(|a| &a.severity));
    let scored = vectors.filter_map(|severity| Cvss::from_str(&severity.score).ok());
    let best = scored.map(|cvss| (!matches!(cvss, Cvss::CvssV20(_)), cvss.score()));
    if let Some((_, score)) = best.max_by(|(a, x), (b, y)| a.cmp(b).then(x.total_cmp(y))) {
        return (of_score(score), Some(score));
    }
    if record.id.starts_with("MAL-") {
        return (Level::Critical, None);
    }
    let said = std::iter::once(&record.database_specific)
        .chain(affected.iter().flat_map(|a| [&a.database_specific, &a.ecosystem_specific]));
    let said: Vec<&Value> = said.collect();
    if let Some(level) = said.iter().filter_map(|v| v.get("severity")?.as_str()).find_map(Level::from_word) {
        return (level, None);
    }
    // RustSec: notices that a crate is unmaintained or unsound.
    match said.iter().find_map(|value| value.get("informational")?.as_str()) {
        Some("unsound") => (Level::Low, None),
        Some(_) => (Level::None, None),
        None => (Level::Unknown, None),
    }
}

/// CVSS v3.1 §5, table 14; v4.0 §6, table 22.
fn of_score(score: f64) -> Level {
    match score {
        s if s >= 9.0 => Level::Critical,
        s if s >= 7.0 => Level::High,
        s if s >= 4.0 => Level::Medium,
        s if s > 0.0 => Level::Low,
        _ => Level::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(json: &str) -> (Level, Option<f64>) {
        rate(&serde_json::from_str(json).unwrap(), &[])
    }

    #[test]
    fn vectors_come_before_words() {
        let v31 = r#"{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}"#;
        let v4 =
            r#"{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}"#;
        let v2 = r#"{"type":"CVSS_V2","score":"AV:N/AC:L/Au:N/C:C/I:C/A:C"}"#;
        let low = r#"{"type":"CVSS_V3","score":"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}"#;
        for (severity, word, expected) in [
            (v31, "LOW", (Level::Critical, Some(9.8))),
            (v4, "LOW", (Level::Critical, Some(9.3))),
            (low, "HIGH", (Level::Low, Some(1.6))),
            (&format!("{v2},{low}"), "HIGH", (Level::Low, Some(1.6))),
            (r#"{"type":"CVSS_V3","score":"nonsense"}"#, "MODERATE", (Level::Medium, None)),
            (r#"{"type":"CVSS_V3","score":"nonsense"}"#, "nonsense", (Level::Unknown, None)),
        ] {
            let json = format!(
                r#"{{"id":"X","severity":[{severity}],"database_specific":{{"severity":"{word}"}}}}"#
            );
            assert_eq!(level(&json), expected, "{json}");
        }
        assert_eq!(level(r#"{"id":"MAL-2024-1"}"#), (Level::Critical, None));
        let notice = r#"{"id":"R","database_specific":{"informational":"unmaintained"}}"#;
        assert_eq!(level(notice), (Level::None, None));
    }

    #[test]
    fn what_nobody_rated_counts_like_high() {
        assert_eq!(Level::Unknown.rated(), report::Level::High);
        assert_eq!(Level::None.rated(), report::Level::Info);
    }
}

//! Baselines: findings that are known and accepted for now, so that only new ones fail.
//!
//! The file is JSON that people may review and keep in their repository: an entry for each finding with its
//! [fingerprint](Report::fingerprints), and with the rule, the message and the date for the reader.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::check::Verdict;
use crate::finding::Finding;
use crate::limits;
use crate::results::Report;

/// The version of the file.
const VERSION: u32 = 1;

/// Findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<String, Entry>,
}

/// A finding that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// By which it is known again.
    pub fingerprint: String,
    /// The rule that found it.
    pub rule: String,
    /// What was wrong.
    pub message: String,
    /// When it came into the baseline (RFC 3339).
    pub date: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file cannot be read.
    #[error("the baseline {} cannot be read: {reason}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The file cannot be written.
    #[error("the baseline {} cannot be written: {reason}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// It is no JSON, or has other members.
    #[error("the baseline is broken: {0}; write it anew, or take it back from version control")]
    Broken(#[from] serde_json::Error),
    /// It was written by a later version.
    #[error("the baseline has version {0}, and this program reads version {VERSION}; write it anew")]
    Version(u32),
    /// Two entries have the same fingerprint, as after a careless merge.
    #[error("the baseline has the fingerprint {0} twice; delete one of the entries")]
    Twice(String),
    /// An entry has a date that is none.
    #[error("the baseline has the date `{date}` for {fingerprint}; write it like 2026-01-31T12:00:00Z")]
    Date {
        /// Of which entry.
        fingerprint: String,
        /// What it says.
        date: String,
    },
}

impl Baseline {
    /// All findings of a report. What is known already keeps its date.
    #[must_use]
    pub fn updated(&self, report: &Report, now: SystemTime) -> Self {
        let date = humantime::format_rfc3339_seconds(now).to_string();
        let shown = limits::bounded(report);
        let entry = |(fingerprint, finding): (String, &Finding)| {
            let date = self.entries.get(&fingerprint).map_or(&date, |known| &known.date).clone();
            let (rule, message) = (finding.rule.clone(), finding.message.clone());
            (fingerprint.clone(), Entry { fingerprint, rule, message, date })
        };
        Baseline { entries: report.fingerprints().into_iter().zip(&shown.findings).map(entry).collect() }
    }

    /// Reads what [`Baseline::to_json`] wrote.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let file: File = serde_json::from_str(text).map_err(|error| {
            // A later version may have other members: that it is one says more than which member is unknown.
            let version = serde_json::from_str::<serde_json::Value>(text).ok();
            match version.and_then(|file| u32::try_from(file.get("version")?.as_u64()?).ok()) {
                Some(other) if other != VERSION => BaselineError::Version(other),
                _ => BaselineError::Broken(error),
            }
        })?;
        if file.version != VERSION {
            return Err(BaselineError::Version(file.version));
        }
        let mut entries = BTreeMap::new();
        for entry in file.findings {
            if humantime::parse_rfc3339(&entry.date).is_err() {
                return Err(BaselineError::Date { fingerprint: entry.fingerprint, date: entry.date });
            }
            if let Some(twice) = entries.insert(entry.fingerprint.clone(), entry) {
                return Err(BaselineError::Twice(twice.fingerprint));
            }
        }
        Ok(Baseline { entries })
    }

    /// The text of the file, in the order of the fingerprints: it changes only where findings do.
    pub fn to_json(&self) -> String {
        let file = File { version: VERSION, findings: self.entries.values().cloned().collect() };
        // Strings and a number always become JSON.
        let mut text = serde_json::to_string_pretty(&file).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no baseline.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let text = std::fs::read_to_string(path)
            .map_err(|reason| BaselineError::Read { path: path.to_owned(), reason })?;
        Self::parse(&text)
    }

    /// Writes a file: first beside it, then in its place, so that there is never half of one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let beside = path.with_file_name(name);
        std::fs::write(&beside, self.to_json())
            .and_then(|()| std::fs::rename(&beside, path))
            .map_err(|reason| BaselineError::Write { path: path.to_owned(), reason })
    }

    /// The entries, in the order of their fingerprints.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// What is new in a report, what is known, and what is gone.
    pub fn compare<'r>(&'r self, report: &'r Report) -> Comparison<'r> {
        let prints = report.fingerprints();
        let (known, new) = std::iter::zip(&report.findings, &prints)
            .partition::<Vec<_>, _>(|(_, print)| self.entries.contains_key(*print));
        let found: HashSet<&String> = prints.iter().collect();
        let was_tried = |rule: &str| {
            let is_lost = |verdict| matches!(verdict, Verdict::NotTried | Verdict::Unknown);
            let of_rule = |name: &str| name == rule;
            !report.checks.iter().any(|check| of_rule(&check.name) && is_lost(check.verdict))
                && !report.failures.iter().any(|failure| of_rule(&failure.check))
        };
        let missing = self.entries.values().filter(|entry| !found.contains(&entry.fingerprint));
        let (gone, not_looked_for) = missing.partition(|entry| was_tried(&entry.rule));
        Comparison {
            new: new.into_iter().map(|(finding, _)| finding).collect(),
            known: known.into_iter().map(|(finding, _)| finding).collect(),
            gone,
            not_looked_for,
        }
    }
}

/// A report beside a baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison<'r> {
    /// Findings that the baseline does not have.
    pub new: Vec<&'r Finding>,
    /// Findings that it has.
    pub known: Vec<&'r Finding>,
    /// Entries that were looked for and not found: the baseline can be written anew.
    pub gone: Vec<&'r Entry>,
    /// Entries whose check could not be tried this time, or did not run to its end. They may still be there.
    pub not_looked_for: Vec<&'r Entry>,
}

#[cfg(test)]
mod tests;

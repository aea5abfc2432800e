//! What a scan found, in the terms of all formats.

use std::collections::BTreeMap;
use std::fmt::Write;

use report::{Failure, Finding, Report, Severity, json, text};
use serde_json::{Value, json};

use super::ignore::{Date, Ignores};
use super::inventory::Inventory;
use super::level::Level;
use super::osv::Advisories;
use super::package::{Package, Unjudged};
use super::vulnerability::{Vulnerability, place};

/// The result of a scan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The files that were read.
    pub files: usize,
    /// The packages that were looked up.
    pub packages: usize,
    /// What was found, the worst first.
    pub vulnerabilities: Vec<Vulnerability>,
    /// What was found and is ignored, with the reasons.
    pub ignored: Vec<(Vulnerability, String)>,
    /// What could not be judged.
    pub unjudged: Vec<Unjudged>,
    /// Entries of the ignore file that have expired.
    pub expired: Vec<Finding>,
    /// What could not be read or looked up.
    pub failures: Vec<Failure>,
    /// When the newest advisory that was seen was changed.
    pub newest: Option<String>,
}

impl Outcome {
    pub(super) fn of(inventory: &Inventory, advisories: &Advisories) -> Self {
        let faults = inventory.faults.iter();
        let faults = faults.map(|fault| Failure { check: "lock-file".into(), reason: fault.to_string() });
        Outcome {
            files: inventory.files.len(),
            packages: inventory.packages.len(),
            unjudged: inventory.unjudged.clone(),
            failures: faults.chain(advisories.failures.iter().cloned()).collect(),
            newest: advisories.newest.as_deref().map(super::package::printable),
            ..Outcome::default()
        }
    }

    pub(super) fn add(&mut self, found: Vulnerability, ignores: &Ignores, today: Date) {
        match ignores.find(&found, today) {
            Some(entry) => self.ignored.push((found, entry.reason.clone())),
            None => self.vulnerabilities.push(found),
        }
    }

    pub(super) fn sort(&mut self) {
        self.vulnerabilities.sort_by(|a, b| {
            let worst = b.level.cmp(&a.level).then(b.score.unwrap_or(0.0).total_cmp(&a.score.unwrap_or(0.0)));
            let place = |v: &Vulnerability| (v.package.file.clone(), v.package.line, v.ids.clone());
            worst.then_with(|| place(a).cmp(&place(b)))
        });
    }

    /// The scan in the terms of crate `report`: vulnerabilities, expired entries, and notes on what was not judged.
    pub fn report(&self) -> Report {
        let mut findings: Vec<Finding> = self.vulnerabilities.iter().map(Vulnerability::finding).collect();
        findings.extend(self.expired.iter().cloned());
        findings.extend(self.unjudged.iter().map(unjudged));
        Report { findings, failures: self.failures.clone(), ..Report::default() }
    }

    /// The scan for a person.
    pub fn text(&self) -> String {
        let report = self.report();
        let mut out = text::list(&report.findings, Severity::Note);
        for (found, reason) in &self.ignored {
            let Package { name, version, .. } = &found.package;
            let _ = writeln!(out, "  ignored {name} {version}: {}, because {reason}", found.id());
        }
        for Failure { check, reason } in &self.failures {
            let _ = writeln!(out, "  failed  {reason}  [{check}]");
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&self.summary());
        out.push('\n');
        out
    }

    /// The scan for other programs.
    pub fn json(&self) -> Value {
        let ignored = self.ignored.iter().map(|(found, reason)| {
            let mut value = found.json();
            if let Some(members) = value.as_object_mut() {
                members.insert("reason".into(), json!(reason));
            }
            value
        });
        let failures = self.failures.iter().map(|f| json!({ "check": f.check, "reason": f.reason }));
        let unjudged: Vec<Finding> = self.unjudged.iter().map(unjudged).collect();
        json!({
            "files": self.files,
            "packages": self.packages,
            "newest_advisory": self.newest,
            "findings": self.vulnerabilities.iter().map(Vulnerability::json).collect::<Vec<_>>(),
            "ignored": ignored.collect::<Vec<_>>(),
            "expired_ignores": json::findings(&self.expired),
            "not_judged": json::findings(&unjudged),
            "failures": failures.collect::<Vec<_>>(),
        })
    }

    /// One line, which says no more than what is known.
    fn summary(&self) -> String {
        let mut levels: BTreeMap<Level, usize> = BTreeMap::new();
        for found in &self.vulnerabilities {
            *levels.entry(found.level).or_default() += 1;
        }
        let levels: Vec<String> =
            levels.iter().rev().map(|(level, count)| format!("{count} {level}")).collect();
        let mut line = format!(
            "{} in {}: {}",
            count(self.packages, "package", "packages"),
            count(self.files, "lock file", "lock files"),
            match self.vulnerabilities.len() {
                0 => "no known vulnerabilities".to_owned(),
                found =>
                    format!("{} ({})", count(found, "vulnerability", "vulnerabilities"), levels.join(", ")),
            }
        );
        if !self.ignored.is_empty() {
            let _ = write!(line, ", {} ignored", self.ignored.len());
        }
        if !self.unjudged.is_empty() {
            let _ = write!(line, ", {} not judged", self.unjudged.len());
        }
        if !self.failures.is_empty() {
            let _ = write!(
                line,
                ", {} failed: this result is not complete",
                count(self.failures.len(), "check", "checks")
            );
        }
        line
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn unjudged(unjudged: &Unjudged) -> Finding {
    let Unjudged { file, line, what, why } = unjudged;
    Finding::new("not-judged", Severity::Note, format!("{what}: {why}")).at(place(file, *line))
}

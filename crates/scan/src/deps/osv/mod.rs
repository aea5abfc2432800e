//! The Open Source Vulnerabilities database: <https://ossf.github.io/osv-schema/>, <https://google.github.io/osv.dev/>.

mod affected;
mod http;
pub mod offline;
pub mod online;
mod record;

use std::collections::{BTreeMap, HashMap};

pub(crate) use affected::{entries, fixed, is_affected};
pub use http::{Http, HttpError, HyperClient};
pub use record::{Affected, AffectedPackage, Event, Range, Record, Severity};

use super::ecosystem::Ecosystem;
use super::package::Package;

/// What a database says of the packages of an inventory.
#[derive(Debug, Clone, Default)]
pub struct Advisories {
    /// The records, by their ids.
    pub records: BTreeMap<String, Record>,
    /// Which records concern which package: indices into the packages, and ids.
    pub hits: Vec<(usize, String)>,
    /// What could not be looked up.
    pub failures: Vec<report::Failure>,
    /// When the newest record that was seen was changed, as the database writes it.
    pub newest: Option<String>,
}

impl Advisories {
    pub(super) fn failure(&mut self, reason: impl Into<String>) {
        let reason = super::package::printable(&reason.into());
        self.failures.push(report::Failure { check: "osv".into(), reason });
    }
}

/// One package at one version, and every place where it stands.
#[derive(Debug)]
struct Subject<'p> {
    ecosystem: Ecosystem,
    name: &'p str,
    version: &'p str,
    packages: Vec<usize>,
}

/// The packages without repetitions: many files may have the same.
fn subjects(packages: &[Package]) -> Vec<Subject<'_>> {
    let mut subjects: Vec<Subject<'_>> = Vec::new();
    let mut known: HashMap<(Ecosystem, String, &str), usize> = HashMap::new();
    for (index, package) in packages.iter().enumerate() {
        let Package { ecosystem, name, version, .. } = package;
        let key = (*ecosystem, ecosystem.key(name), version.as_str());
        let at = *known.entry(key).or_insert(subjects.len());
        match subjects.get_mut(at) {
            Some(subject) => subject.packages.push(index),
            None => subjects.push(Subject { ecosystem: *ecosystem, name, version, packages: vec![index] }),
        }
    }
    subjects
}

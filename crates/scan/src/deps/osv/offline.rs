//! An exported database: records as `*.json` anywhere below a directory, or in `*.zip`, as OSV publishes one for each
//! ecosystem (`https://osv-vulnerabilities.storage.googleapis.com/npm/all.zip`).
//!
//! No network is used. An archive is read entry by entry, and what it unpacks to is counted.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use walkdir::WalkDir;
use zip::ZipArchive;

use super::affected::entries;
use super::record::{Head, Record};
use super::{Advisories, Subject, is_affected, subjects};
use crate::deps::ecosystem::Ecosystem;
use crate::deps::limits::Limits;
use crate::deps::package::Package;

/// The most failures that are told one by one.
const MAX_TOLD: usize = 100;

/// Why an export says nothing at all.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// It cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The directory.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// It has no records.
    #[error("{path}: there is no OSV record in it, neither as *.json nor in *.zip")]
    Empty {
        /// The directory.
        path: String,
    },
}

/// Looks packages up in an export.
///
/// # Errors
/// When the export cannot be read or has no records. What is wrong with one record, and that there are none for an
/// ecosystem, are failures in the result.
pub fn advisories(
    directory: &Path,
    packages: &[Package],
    limits: &Limits,
) -> Result<Advisories, OfflineError> {
    let path = || directory.display().to_string();
    if let Err(error) = std::fs::read_dir(directory) {
        return Err(OfflineError::Unreadable { path: path(), error });
    }
    let mut search = Search::of(subjects(packages), limits);
    for entry in WalkDir::new(directory).max_depth(limits.depth).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                search.failure(format!("an export cannot be looked at: {error}"));
                continue;
            }
        };
        let extension = entry.path().extension().and_then(|extension| extension.to_str());
        let read = match extension {
            _ if !entry.file_type().is_file() => continue,
            Some("json") => search.file(entry.path()),
            Some("zip") => search.archive(entry.path()),
            _ => continue,
        };
        if let Err(reason) = read {
            search.failure(format!("{}: {reason}", entry.path().display()));
        }
        if search.is_over() {
            break;
        }
    }
    if search.records == 0 {
        return Err(OfflineError::Empty { path: path() });
    }
    Ok(search.finish())
}

struct Search<'p> {
    limits: &'p Limits,
    wanted: HashMap<(Ecosystem, String), Vec<Subject<'p>>>,
    covered: HashSet<Ecosystem>,
    records: usize,
    bytes: u64,
    untold: usize,
    found: Advisories,
}

impl<'p> Search<'p> {
    fn of(subjects: Vec<Subject<'p>>, limits: &'p Limits) -> Self {
        let mut wanted: HashMap<_, Vec<_>> = HashMap::new();
        for subject in subjects {
            wanted.entry((subject.ecosystem, subject.ecosystem.key(subject.name))).or_default().push(subject);
        }
        Search {
            limits,
            wanted,
            covered: HashSet::new(),
            records: 0,
            bytes: 0,
            untold: 0,
            found: Advisories::default(),
        }
    }

    fn failure(&mut self, reason: String) {
        match self.found.failures.len() < MAX_TOLD {
            true => self.found.failure(reason),
            false => self.untold += 1,
        }
    }

    fn is_over(&self) -> bool {
        self.records >= self.limits.records || self.bytes >= self.limits.export_bytes
    }

    fn file(&mut self, path: &Path) -> Result<(), String> {
        let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
        let text = self.text(file)?;
        self.record(&text)
    }

    fn archive(&mut self, path: &Path) -> Result<(), String> {
        let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
        let mut archive =
            ZipArchive::new(BufReader::new(file)).map_err(|error| format!("this is no archive: {error}"))?;
        for index in 0..archive.len() {
            if self.is_over() {
                break;
            }
            let entry = archive.by_index(index).map_err(|error| format!("entry {index}: {error}"))?;
            let name = entry.name().map_err(|error| format!("entry {index}: {error}"))?.into_owned();
            if !name.ends_with(".json") {
                continue;
            }
            let read = self.text(entry).and_then(|text| self.record(&text));
            if let Err(reason) = read {
                self.failure(format!("{}: {name}: {reason}", path.display()));
            }
        }
        Ok(())
    }

    /// The bytes of a record. What an archive says of its sizes is not believed.
    fn text(&mut self, from: impl Read) -> Result<Vec<u8>, String> {
        let most = self.limits.record_bytes;
        let mut bytes = Vec::new();
        from.take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot be read: {error}"))?;
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if bytes.len() as u64 > most {
            return Err(format!("is larger than {most} bytes"));
        }
        Ok(bytes)
    }

    fn record(&mut self, text: &[u8]) -> Result<(), String> {
        let no_record = |error: serde_json::Error| format!("this is no OSV record: {error}");
        self.records += 1;
        let head: Head = serde_json::from_slice(text).map_err(no_record)?;
        self.found.newest = self.found.newest.take().max(head.modified);
        let mut subjects: Vec<(Ecosystem, String)> = Vec::new();
        for package in head.affected.iter().filter_map(|affected| affected.package.as_ref()) {
            let Some(ecosystem) = Ecosystem::from_osv(&package.ecosystem) else { continue };
            self.covered.insert(ecosystem);
            let key = (ecosystem, ecosystem.key(&package.name));
            if self.wanted.contains_key(&key) && !subjects.contains(&key) {
                subjects.push(key);
            }
        }
        if subjects.is_empty() || head.withdrawn.is_some() || self.found.records.contains_key(&head.id) {
            return Ok(());
        }
        let record: Record = serde_json::from_slice(text).map_err(no_record)?;
        let mut hits = Vec::new();
        let mut bad = None;
        for key in subjects {
            for subject in self.wanted.get(&key).into_iter().flatten() {
                let entries = entries(&record, subject.ecosystem, subject.name);
                match is_affected(&entries, subject.ecosystem, subject.version) {
                    Ok(true) => hits.extend(subject.packages.iter().map(|index| (*index, record.id.clone()))),
                    Ok(false) => {}
                    Err(error) => {
                        bad =
                            Some(format!("{} for {} {}: {error}", record.id, subject.name, subject.version));
                    }
                }
            }
        }
        if !hits.is_empty() {
            self.found.hits.append(&mut hits);
            self.found.records.insert(record.id.clone(), record);
        }
        bad.map_or(Ok(()), Err)
    }

    fn finish(mut self) -> Advisories {
        if self.is_over() {
            let reason = format!(
                "the export has more than {} records or {} bytes; the rest was not read",
                self.limits.records, self.limits.export_bytes
            );
            self.found.failure(reason);
        }
        if self.untold > 0 {
            self.found.failure(format!("and {} more records could not be read", self.untold));
        }
        for ecosystem in Ecosystem::ALL {
            let count = self.wanted.iter().filter(|((of, _), _)| *of == ecosystem).count();
            if count > 0 && !self.covered.contains(&ecosystem) {
                self.found.failure(format!(
                    "the export has no records for {ecosystem}; {count} packages were not judged"
                ));
            }
        }
        self.found.hits.sort();
        self.found.hits.dedup();
        self.found
    }
}

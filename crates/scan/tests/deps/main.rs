//! Dependencies, as a user sees them: a directory with lock files, a database, and what is found.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod ecosystems;
mod export;
mod hostile;
mod ignoring;
mod online;
mod order;
mod reading;
mod sbom;

use std::path::Path;

use scan::deps::{Date, Ignores, Inventory, Limits, Outcome, inventory, judge, osv};
use serde_json::Value;
use tempfile::TempDir;

/// Whether a vulnerability is of this level or a higher one.
fn fails(outcome: &Outcome, least: report::Level) -> bool {
    report::decide(&outcome.report(), report::Threshold::Level(least), None).fails()
}

/// A directory with these files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

/// A directory with these records, one a file.
fn records(records: &[Value]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (index, record) in records.iter().enumerate() {
        std::fs::write(directory.path().join(format!("{index}.json")), record.to_string()).unwrap();
    }
    directory
}

fn read(path: &Path) -> Inventory {
    inventory(path, &Limits::default()).unwrap()
}

fn today() -> Date {
    "2026-06-01".parse().unwrap()
}

fn scan(tree: &Path, database: &Path) -> Outcome {
    let inventory = read(tree);
    let advisories = osv::offline::advisories(database, &inventory.packages, &Limits::default()).unwrap();
    judge(&inventory, &advisories, &Ignores::default(), today())
}

/// What was found, as `name version id`.
fn found(outcome: &Outcome) -> Vec<String> {
    let found = outcome.vulnerabilities.iter();
    let mut found: Vec<_> =
        found.map(|v| format!("{} {} {}", v.package.name, v.package.version, v.id())).collect();
    found.sort();
    found
}

/// What was read, as `name version line`.
fn packages(inventory: &Inventory) -> Vec<String> {
    inventory.packages.iter().map(|p| format!("{} {} {}", p.name, p.version, p.line)).collect()
}

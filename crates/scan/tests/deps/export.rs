//! Exports of the database: archives, what is broken in them, and what they do not cover.

use std::io::Write;

use scan::deps::osv::offline::{OfflineError, advisories};
use scan::deps::{Level, Limits};
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{fails, found, read, records, scan, tree};

const LOCK: (&str, &str) = ("requirements.txt", "web==1.0\n");

fn record(id: &str, name: &str) -> String {
    json!({
        "id": id, "modified": "2026-05-01T00:00:00Z", "aliases": null,
        "affected": [{
            "package": { "ecosystem": "PyPI", "name": name },
            "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }] }],
        }],
    })
    .to_string()
}

fn archive(entries: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tree(&[("PyPI/readme", "")]);
    let file = std::fs::File::create(directory.path().join("PyPI/all.zip")).unwrap();
    let mut archive = ZipWriter::new(file);
    for (name, bytes) in entries {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
    directory
}

#[test]
fn an_archive_is_read_as_it_is_published() {
    let database = archive(&[
        ("PYSEC-1.json", record("PYSEC-1", "web").as_bytes()),
        ("PYSEC-2.json", record("PYSEC-2", "other").as_bytes()),
    ]);
    let tree = tree(&[LOCK]);
    let outcome = scan(tree.path(), database.path());
    assert_eq!(found(&outcome), ["web 1.0 PYSEC-1"]);
    assert_eq!(outcome.newest.as_deref(), Some("2026-05-01T00:00:00Z"));
    assert_eq!(outcome.vulnerabilities[0].level, Level::Unknown);
    assert!(fails(&outcome, report::Level::High) && !fails(&outcome, report::Level::Critical));
    assert!(outcome.failures.is_empty());
}

#[test]
fn a_bomb_is_cut_off_and_told() {
    let bomb = vec![b' '; 3 << 20];
    let database =
        archive(&[("a.json", record("PYSEC-1", "web").as_bytes()), ("bomb.json", &bomb), ("c.json", &bomb)]);
    let tree = tree(&[LOCK]);
    let packages = read(tree.path()).packages;
    let standard = Limits::default();
    for (limits, part) in [
        (Limits { record_bytes: 1 << 20, ..standard }, "bomb.json: is larger than 1048576 bytes"),
        (Limits { export_bytes: 1 << 20, ..standard }, "more than 2000000 records or 1048576 bytes"),
        (Limits { records: 1, ..standard }, "more than 1 records"),
    ] {
        let found = advisories(database.path(), &packages, &limits).unwrap();
        assert_eq!(found.hits.len(), 1);
        assert!(found.failures.iter().any(|failure| failure.reason.contains(part)), "{:?}", found.failures);
    }
}

#[test]
fn what_an_export_lacks_is_a_failure() {
    let database = records(&[serde_json::from_str(&record("PYSEC-1", "web")).unwrap()]);
    let tree = tree(&[LOCK, ("Gemfile.lock", "GEM\n  specs:\n    rack (1.0)\n")]);
    let outcome = scan(tree.path(), database.path());
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(
        outcome.failures[0].reason,
        "the export has no records for RubyGems; 1 packages were not judged"
    );
    let empty = tempfile::tempdir().unwrap();
    let packages = read(tree.path()).packages;
    let limits = Limits::default();
    assert!(matches!(advisories(empty.path(), &packages, &limits), Err(OfflineError::Empty { .. })));
    let missing = advisories(&empty.path().join("x"), &packages, &limits);
    assert!(matches!(missing, Err(OfflineError::Unreadable { .. })));
}

#[test]
fn broken_records_and_bounds_are_failures() {
    let odd = json!({ "id": "PYSEC-3", "affected": [{
        "package": { "ecosystem": "PyPI", "name": "web" },
        "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "the first" }] }],
    }]});
    let database = archive(&[
        ("ok.json", record("PYSEC-1", "other").as_bytes()),
        ("broken.json", b"{"),
        ("odd.json", odd.to_string().as_bytes()),
    ]);
    std::fs::write(database.path().join("no.zip"), "no archive").unwrap();
    let tree = tree(&[LOCK]);
    let outcome = scan(tree.path(), database.path());
    let failures: Vec<&str> = outcome.failures.iter().map(|failure| failure.reason.as_str()).collect();
    assert_eq!(failures.len(), 3, "{failures:?}");
    for part in [
        "broken.json: this is no OSV record",
        "PYSEC-3 for web 1.0: the bound `the first`",
        "no.zip: this is no archive",
    ] {
        assert!(failures.iter().any(|failure| failure.contains(part)), "{part}: {failures:?}");
    }
}

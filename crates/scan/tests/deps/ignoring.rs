//! Ignoring: with a reason, for a time, and never in silence.

use scan::deps::{Ignores, Limits, judge, osv};
use serde_json::json;

use crate::{fails, read, records, today, tree};

#[test]
fn an_ignored_fault_counts_no_more_until_its_day_has_passed() {
    let database = records(&[json!({
        "id": "GHSA-1", "aliases": ["CVE-1"], "summary": "s",
        "affected": [{
            "package": { "ecosystem": "PyPI", "name": "web" },
            "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }] }],
        }],
    })]);
    let tree = tree(&[("requirements.txt", "web==1.0\n")]);
    let inventory = read(tree.path());
    let found = osv::offline::advisories(database.path(), &inventory.packages, &Limits::default()).unwrap();
    for (entry, ignored, expired) in [
        ("id = \"GHSA-1\"", true, false),
        ("id = \"cve-1\"", true, false),
        ("id = \"CVE-2\"", false, false),
        ("id = \"CVE-1\"\npackage = \"WEB\"", true, false),
        ("id = \"CVE-1\"\npackage = \"other\"", false, false),
        ("id = \"CVE-1\"\nuntil = \"2026-06-01\"", true, false),
        ("id = \"CVE-1\"\nuntil = \"2026-05-31\"", false, true),
    ] {
        let text = format!("\n[[ignore]]\n{entry}\nreason = \"not reachable\"\n");
        let ignores = Ignores::parse("doorward-scan.toml", &text).unwrap();
        let outcome = judge(&inventory, &found, &ignores, today());
        assert_eq!(fails(&outcome, report::Level::Info), !ignored, "{entry}");
        assert_eq!(outcome.text().contains("ignored web 1.0: GHSA-1, because not reachable"), ignored);
        assert_eq!(
            outcome.text().contains("it counts again  [expired-ignore]"),
            expired,
            "{}",
            outcome.text()
        );
        assert_eq!(outcome.json()["ignored"].as_array().unwrap().len(), usize::from(ignored));
    }
}

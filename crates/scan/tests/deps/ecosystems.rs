//! Each ecosystem: a lock file with neighbours on both sides of every bound.

use serde_json::{Value, json};

use crate::{found, records, scan, tree};

/// The file, its text for a package at a version, the ecosystem and the name in the database.
struct Case {
    file: &'static str,
    text: fn(&str) -> String,
    ecosystem: &'static str,
    name: &'static str,
    events: Value,
    affected: &'static [&'static str],
    clean: &'static [&'static str],
    fixed: Option<&'static str>,
}

fn check(case: &Case) {
    let record = json!({
        "id": "TEST-1", "summary": "a hole",
        "affected": [{
            "package": { "ecosystem": case.ecosystem, "name": case.name },
            "ranges": [{ "type": "ECOSYSTEM", "events": case.events }],
        }],
    });
    // A record of the same name elsewhere, and a withdrawn one, say nothing.
    let mut withdrawn = record.clone();
    withdrawn["id"] = json!("TEST-2");
    withdrawn["withdrawn"] = json!("2026-01-01T00:00:00Z");
    let mut elsewhere = record.clone();
    elsewhere["id"] = json!("TEST-3");
    elsewhere["affected"][0]["package"]["ecosystem"] = json!("Hex");
    let database = records(&[record, withdrawn, elsewhere]);
    for (versions, hit) in [(case.affected, true), (case.clean, false)] {
        for version in versions {
            let tree = tree(&[(case.file, &(case.text)(version))]);
            let outcome = scan(tree.path(), database.path());
            assert_eq!(outcome.failures, [], "{} {version}", case.file);
            assert_eq!(outcome.packages, 1, "{} {version}", case.file);
            let ids: Vec<_> = outcome.vulnerabilities.iter().map(|v| v.id().to_owned()).collect();
            assert_eq!(ids, vec!["TEST-1"; usize::from(hit)], "{} {version}", case.file);
            if hit {
                assert_eq!(outcome.vulnerabilities[0].fixed.as_deref(), case.fixed, "{version}");
            }
        }
    }
}

#[test]
fn crates_io() {
    check(&Case {
        file: "Cargo.lock",
        text: |version| {
            format!(
                "version = 4\n\n[[package]]\nname = \"time\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
            )
        },
        ecosystem: "crates.io",
        name: "time",
        events: json!([{ "introduced": "0.1.0" }, { "fixed": "0.2.23" }]),
        affected: &["0.1.0", "0.2.22", "0.2.23-alpha.1", "0.2.9"],
        clean: &["0.1.0-alpha", "0.0.9", "0.2.23", "0.2.100", "1.0.0"],
        fixed: Some("0.2.23"),
    });
}

#[test]
fn npm() {
    check(&Case {
        file: "package-lock.json",
        text: |version| {
            format!(
                r#"{{"lockfileVersion": 3, "packages": {{"": {{"name": "own", "version": "1.0.0"}}, "node_modules/@a/b": {{"version": "{version}"}}}}}}"#
            )
        },
        ecosystem: "npm",
        name: "@a/b",
        events: json!([{ "introduced": "0" }, { "fixed": "1.5.2" }, { "introduced": "2.0.0-beta.1" }, { "fixed": "2.1.0" }]),
        affected: &["0.0.1", "1.5.1", "1.5.2-rc.9"],
        clean: &["1.5.2", "1.10.0", "2.0.0-alpha", "2.1.0"],
        fixed: Some("1.5.2"),
    });
}

#[test]
fn pypi() {
    check(&Case {
        file: "requirements.txt",
        text: |version| format!("# the web\nFoo.Bar[x]=={version} ; python_version >= '3'\n"),
        ecosystem: "PyPI",
        name: "foo-bar",
        events: json!([{ "introduced": "2.0" }, { "fixed": "2.2.1" }]),
        affected: &["2.0", "2.0.post1", "2.2.1.dev1", "2.2.1rc1", "2.2", "2.2+local.1"],
        clean: &["1.9", "2.0a1", "2.2.1", "2.2.1.0", "2.10", "1!0.1"],
        fixed: Some("2.2.1"),
    });
}

#[test]
fn maven() {
    check(&Case {
        file: "gradle.lockfile",
        text: |version| format!("# header\norg.a:b:{version}=runtimeClasspath\nempty=annotationProcessor\n"),
        ecosystem: "Maven",
        name: "org.a:b",
        events: json!([{ "introduced": "2.0-beta9" }, { "fixed": "2.15.0" }]),
        affected: &["2.0-beta9", "2.0-rc1", "2.0", "2.14.1", "2.15.0-rc1", "2.15.0-SNAPSHOT", "2.9"],
        clean: &["2.0-beta8", "2.0-alpha1", "2.15", "2.15.0.Final", "2.15.0-sp1", "2.100"],
        fixed: Some("2.15.0"),
    });
}

#[test]
fn ruby_gems() {
    check(&Case {
        file: "Gemfile.lock",
        text: |version| {
            format!(
                "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack ({version})\n      base (~> 1)\n\nDEPENDENCIES\n  rack\n"
            )
        },
        ecosystem: "RubyGems",
        name: "rack",
        events: json!([{ "introduced": "2.0.0" }, { "last_affected": "2.2.3" }]),
        affected: &["2.0", "2.2.3", "2.2.3.pre1", "2.2.3.0", "2.1.99"],
        clean: &["2.0.0.rc1", "1.9", "2.2.3.1", "2.2.10"],
        fixed: None,
    });
}

#[test]
fn packagist() {
    check(&Case {
        file: "composer.lock",
        text: |version| {
            format!(r#"{{"packages": [], "packages-dev": [{{"name": "A/B", "version": "{version}"}}]}}"#)
        },
        ecosystem: "Packagist",
        name: "a/b",
        events: json!([{ "introduced": "5.0.0" }, { "fixed": "5.4.1" }]),
        affected: &["v5.0.0", "5.4.0.0", "v5.4.1-RC1", "5.4.1-dev", "5.4"],
        clean: &["5.0.0-beta2", "v4.9.9", "v5.4.1", "5.4.1-p1", "5.10"],
        fixed: Some("5.4.1"),
    });
}

#[test]
fn go() {
    check(&Case {
        file: "go.mod",
        text: |version| {
            format!("module own\n\ngo 1.21\n\nrequire (\n\tgolang.org/x/a v{version} // indirect\n)\n")
        },
        ecosystem: "Go",
        name: "golang.org/x/a",
        events: json!([{ "introduced": "0" }, { "fixed": "0.0.0-20220314234659-1baeb1ce4c0b" }]),
        affected: &["0.0.0-20210101000000-ffffffffffff", "0.0.0-20220314234658-000000000000"],
        clean: &[
            "0.0.0-20220314234659-1baeb1ce4c0b",
            "0.0.0-20230101000000-000000000000",
            "0.1.0",
            "2.0.0+incompatible",
        ],
        fixed: Some("0.0.0-20220314234659-1baeb1ce4c0b"),
    });
}

#[test]
fn nuget() {
    check(&Case {
        file: "packages.lock.json",
        text: |version| {
            format!(
                r#"{{"version": 1, "dependencies": {{"net8.0": {{"Newtonsoft.Json": {{"type": "Direct", "resolved": "{version}"}}, "own": {{"type": "Project"}}}}}}}}"#
            )
        },
        ecosystem: "NuGet",
        name: "newtonsoft.JSON",
        events: json!([{ "introduced": "0" }, { "fixed": "13.0.1" }]),
        affected: &["12.0.3", "13.0.1-beta1", "13.0", "9.0.1", "13.0.0.9"],
        clean: &["13.0.1", "13.0.1.0", "13.0.1+abc", "13.0.2-beta1", "100.0.0"],
        fixed: Some("13.0.1"),
    });
}

#[test]
fn versions_that_a_record_lists_are_affected_without_a_range() {
    let database = records(&[json!({
        "id": "MAL-2026-1", "summary": "malicious",
        "affected": [{ "package": { "ecosystem": "npm", "name": "x" }, "versions": ["1.2.3"], "ranges": [] }],
    })]);
    for (version, expected) in [("1.2.3", vec!["x 1.2.3 MAL-2026-1"]), ("1.2.4", vec![])] {
        let lock =
            format!(r#"{{"lockfileVersion": 1, "dependencies": {{"x": {{"version": "{version}"}}}}}}"#);
        let tree = tree(&[("package-lock.json", &lock)]);
        assert_eq!(found(&scan(tree.path(), database.path())), expected);
    }
}

#[test]
fn one_fault_in_several_databases_is_one_finding() {
    let record = |id: &str, aliases: &[&str], fixed: &str| {
        json!({
            "id": id, "aliases": aliases, "summary": "SSRF",
            "affected": [{
                "package": { "ecosystem": "PyPI", "name": "web" },
                "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
            }],
        })
    };
    let mut github = record("GHSA-aaaa-bbbb-cccc", &["CVE-2026-1"], "2.0.1");
    github["severity"] =
        json!([{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N" }]);
    let database = records(&[
        record("PYSEC-2026-1", &["CVE-2026-1"], "2.0.0"),
        github,
        record("PYSEC-2026-2", &[], "3"),
    ]);
    let tree = tree(&[("requirements.txt", "web==1.0\n")]);
    let outcome = scan(tree.path(), database.path());
    assert_eq!(found(&outcome), ["web 1.0 GHSA-aaaa-bbbb-cccc", "web 1.0 PYSEC-2026-2"]);
    let merged = outcome.vulnerabilities.iter().find(|v| v.id().starts_with("GHSA")).unwrap();
    assert_eq!(merged.ids, ["GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1", "CVE-2026-1"]);
    assert_eq!((merged.fixed.as_deref(), merged.score), (Some("2.0.1"), Some(7.5)));
    let text = outcome.text();
    assert!(text.contains("requirements.txt:1:1: web 1.0: SSRF (high 7.5) (PYSEC-2026-1, CVE-2026-1)  [GHSA-aaaa-bbbb-cccc]\n"), "{text}");
    assert!(text.contains("upgrade web to 2.0.1: write web>=2.0.1 and lock again\n"), "{text}");
    assert!(text.ends_with("1 package in 1 lock file: 2 vulnerabilities (1 high, 1 unknown)\n"), "{text}");
}

//! The pages of docs/ that print commands and configurations, run as they are printed: `crates/gateway/tests/guides/`; and the
//! page that names tests.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs the test of a page. Programs that it needs are installed by `./test`; in CI, none may be missing.
fn run(guide: &str, arguments: &[&Path]) {
    let script = root().join("crates/gateway/tests/guides").join(guide);
    let output = Command::new("/usr/bin/python3")
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_doorward"))
        .args(arguments)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    println!("{shown}");
    assert!(output.status.success(), "{shown}");
    assert!(std::env::var_os("CI").is_none() || !shown.contains("left out"), "{shown}");
}

#[test]
fn five_minutes() {
    run("five_minutes.py", &[]);
}

#[test]
fn login() {
    run("login.py", &[]);
}

#[test]
fn guessing() {
    run("guessing.py", &[]);
}

#[test]
fn behind_proxies() {
    run("behind.py", &[Path::new("--caddy"), &root().join("target/caddy/bin/caddy")]);
}

#[test]
fn pages() {
    run("pages.py", &[&root().join("target/witnesses/python/bin/python")]);
}

#[test]
fn settings_that_tables_name() {
    run("settings.py", &[]);
}

/// The names of all tests in Rust.
fn tests_below(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim_start) {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
                if let Some(rest) = function {
                    let name = rest.split(['(', '<']).next().unwrap();
                    if std::mem::take(&mut is_test) {
                        found.insert(name.to_owned());
                    }
                }
            }
        }
    }
}

/// What a line has in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn standards() {
    let page = std::fs::read_to_string(root().join("docs/standards.md")).unwrap();
    let mut tests = BTreeSet::new();
    tests_below(&root().join("crates"), &mut tests);
    assert!(tests.len() > 500, "{}", tests.len());
    // Of the chapters of ASVS, each requirement has one row.
    let mut rows: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut chapter = String::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            chapter = title.to_owned();
        }
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix('|')) else { continue };
        let cells: Vec<&str> = cells.split(" |").map(str::trim).collect();
        let [number, asked, met, how, shown] = cells[..] else { continue };
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        rows.entry(chapter.clone()).or_default().push(number);
        assert!(!asked.is_empty() && ["yes", "partly", "no", "not ours"].contains(&met), "{line}");
        for name in quoted(shown) {
            assert!(tests.contains(name), "{chapter}, {number}: there is no test {name}");
        }
        assert!(met != "yes" || !shown.is_empty(), "{chapter}, {number}: nothing shows it");
        assert!(met == "yes" || !how.is_empty(), "{chapter}, {number}: what is missing?");
    }
    let sections = [
        ("OWASP ASVS 5.0, V6 Authentication", "6", &[3, 12, 8, 6, 8, 4, 2, 4][..]),
        ("OWASP ASVS 5.0, V7 Session Management", "7", &[3, 4, 2, 5, 3, 2]),
        ("OWASP ASVS 5.0, V9 Self-contained Tokens", "9", &[3, 4]),
        ("OWASP ASVS 5.0, V10 OAuth and OIDC", "10", &[2, 3, 5, 16, 5, 2, 3]),
        ("RFC 8725, JSON Web Token Best Current Practices", "3", &[12]),
    ];
    for (title, chapter, counts) in sections {
        let expected: Vec<String> = match counts {
            [count] => (1..=*count).map(|one| format!("{chapter}.{one}")).collect(),
            _ => counts
                .iter()
                .zip(1..)
                .flat_map(|(count, section)| {
                    (1..=*count).map(move |one| format!("{chapter}.{section}.{one}"))
                })
                .collect(),
        };
        assert_eq!(rows.get(title).unwrap(), &expected, "{title}");
    }
}

//! The pages of docs/ that print commands and configurations, run as they are printed: `crates/gateway/tests/guides/`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

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

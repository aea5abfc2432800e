//! The binary in front of real servers: what they read, the gate had judged, or it refused.
//! `crates/gateway/tests/differential/fuzz.py` is the test; this runs a bounded sample of it.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::process::Command;

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/tests/differential/fuzz.py");

#[test]
fn what_servers_read_was_judged() {
    // The same requests in every run; CONTRIBUTING.md has the command for an hour of others.
    let output = Command::new("/usr/bin/python3")
        .args([FUZZ, env!("CARGO_BIN_EXE_doorward")])
        .args("--seconds 60 --seed doorward".split(' '))
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    println!("{shown}");
    assert!(output.status.success(), "{shown}");
}

//! The binary in front of real servers: what they read, the gate had judged, or it refused.
//! `crates/gateway/tests/differential/fuzz.py` is the test; this runs a bounded sample of it.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::process::Command;

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/tests/differential/fuzz.py");

#[test]
fn what_servers_read_was_judged() {
    // Half of the requests are the same in every run; the others have a new seed, which is printed.
    let output = Command::new("/usr/bin/python3")
        .args([
            FUZZ,
            env!("CARGO_BIN_EXE_doorward"),
            "--seconds",
            "60",
            "--seed",
            "doorward",
            "--seed",
            "random",
        ])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    println!("{shown}");
    assert!(output.status.success(), "{shown}");
}

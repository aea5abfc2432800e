//! The binary between real clients and their servers: each client does the same bare and behind the gate.
//! `crates/gateway/tests/clients/run.py` is the suite; this runs the sample of it.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::process::Command;

const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/tests/clients/run.py");

#[test]
fn real_clients_do_the_same_behind_the_gate() {
    let output = Command::new("/usr/bin/python3")
        .args([SUITE, env!("CARGO_BIN_EXE_doorward"), "--sample"])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    println!("{shown}");
    assert!(output.status.success(), "{shown}");
}

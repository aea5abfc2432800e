//! A new policy takes effect without a dropped connection; a bad one changes nothing.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::{Recorder, Running, status, until};

#[test]
fn a_changed_file_takes_effect_and_a_bad_one_does_not() {
    let upstream = Recorder::plain();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, "").unwrap();
    let gate = Running::from_file(&file, &[upstream.url()]);
    let mut kept = TcpStream::connect(gate.address).unwrap();
    let mut again = |expected: &str| {
        kept.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\n\r\n").unwrap();
        let mut answer = [0; 4096];
        let count = kept.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
        assert!(answer.starts_with(expected), "{answer}");
    };
    again("HTTP/1.1 200");
    std::fs::write(&file, "[network]\ndeny = ['127.0.0.0/8']").unwrap();
    until("the policy is reloaded", || gate.events.has(&["the policy was reloaded"]));
    again("HTTP/1.1 403");
    std::fs::write(&file, "[network]\ndenny = []").unwrap();
    until("the bad policy is refused", || gate.events.has(&["not reloaded", "did you mean `deny`"]));
    assert_eq!(status(&gate.get("/")), 403, "the running policy stays");
    // What an editor does before it writes.
    std::fs::write(&file, "").unwrap();
    until("the empty file is refused", || gate.events.has(&["not reloaded", "is empty"]));
    assert_eq!(status(&gate.get("/")), 403, "the running policy stays");
    std::fs::write(&file, "[doors]\ninjection = 'observe'").unwrap();
    until("the weaker policy is named", || {
        gate.events.has(&["the new policy protects less", "injection was enforce, is observe"])
    });
    assert_eq!(status(&gate.get("/")), 200);
}

#[test]
fn metrics_and_health_are_on_a_listener_of_their_own() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    gate.get("/?q=%27%20OR%20%271%27=%271");
    let metrics =
        crate::support::raw(gate.admin, b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(
        metrics.contains("doorward_decisions_total{door=\"injection\",rule=\"sql\",verdict=\"refused\"} 1"),
        "{metrics}"
    );
    let health =
        crate::support::raw(gate.admin, b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(status(&health), 200);
    assert!(upstream.take().is_empty());
}

//! What Prometheus gets: the format that it asks for, names and texts as it wants them, labels that do not grow.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{Recorder, Running, raw, status, until};

fn scrape(gate: &Running, accept: &str) -> (String, String) {
    let request =
        format!("GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");
    let answer = raw(gate.admin, request.as_bytes());
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), text.to_owned())
}

/// A gateway that has counted a little of everything.
fn busy(upstream: &Recorder) -> Running {
    let gate = Running::start("[[route]]\npath = '/orders/{id}'", &[upstream.url()]);
    for (target, expected) in
        [("/orders/1", 200), ("/orders/2", 200), ("/else", 200), ("/?q=%27%20OR%20%271%27=%271", 403)]
    {
        assert_eq!(status(&gate.get(target)), expected);
    }
    until("all is counted", || {
        gate.events.all().iter().filter(|line| line.contains("\"access\"")).count() == 4
    });
    gate
}

#[test]
fn the_format_is_the_one_that_was_asked_for() {
    let upstream = Recorder::plain();
    let gate = busy(&upstream);
    let (head, text) = scrape(&gate, "*/*");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{head}");
    assert!(!text.contains("# EOF"), "{text}");
    let prometheus =
        "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    let (head, open) = scrape(&gate, prometheus);
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"),
        "{head}"
    );
    assert!(open.ends_with("# EOF\n"), "{open}");
    for sample in [
        "doorward_requests_total{route=\"/orders/{id}\",class=\"2xx\"} 2\n".to_owned(),
        "doorward_requests_total{route=\"*\",class=\"4xx\"} 1\n".to_owned(),
        "doorward_request_duration_seconds_count{route=\"/orders/{id}\"} 2\n".to_owned(),
        format!("doorward_upstream_requests_total{{upstream=\"{}\",class=\"2xx\"}} 3\n", upstream.url()),
        format!("doorward_upstream_duration_seconds_count{{upstream=\"{}\"}} 3\n", upstream.url()),
        "doorward_decisions_total{door=\"injection\",rule=\"sql\",verdict=\"refused\"} 1\n".to_owned(),
        "doorward_guard_duration_seconds_count 4\n".to_owned(),
        format!("doorward_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION")),
        "doorward_accept_failures_total 0\n".to_owned(),
        "doorward_log_lines_dropped_total 0\n".to_owned(),
    ] {
        assert!(text.contains(&sample), "{sample}{text}");
        assert!(open.contains(&sample), "{sample}{open}");
    }
}

#[test]
fn promtool_has_nothing_to_say() {
    let Ok(mut promtool) = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    else {
        assert!(std::env::var_os("CI").is_none(), "promtool is not installed (Debian's package prometheus)");
        eprintln!("left out: promtool is not installed");
        return;
    };
    let upstream = Recorder::plain();
    let (_, text) = scrape(&busy(&upstream), "text/plain");
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let done = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.trim().is_empty(), "{said}\n{text}");
}

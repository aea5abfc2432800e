//! Upstreams that die, and clients that never finish.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::servers::ports::free_port;
use crate::support::{Recorder, Running, status, until};

#[test]
fn an_upstream_that_is_down_or_broken_is_a_502_with_headers() {
    let down = Running::start("", &[format!("http://127.0.0.1:{}", free_port())]);
    let broken = Recorder::start("this is not HTTP\r\n\r\n");
    let broken = (Running::start("", &[broken.url()]), broken);
    for gate in [&down, &broken.0] {
        let answer = gate.get("/");
        assert_eq!(status(&answer), 502, "{answer}");
        assert!(
            answer.contains("application/problem+json") && answer.contains("x-frame-options: DENY"),
            "{answer}"
        );
        assert!(gate.events.has(&["\"door\":\"upstream\"", "failed"]));
    }
}

#[test]
fn a_slow_upstream_is_a_504() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let gate = Running::start("[gateway.timeouts]\nupstream = '300ms'", &[url]);
    assert_eq!(status(&gate.get("/")), 504);
}

#[test]
fn a_dead_upstream_does_not_take_the_living_one_along() {
    let alive = Recorder::plain();
    let gate = Running::start("", &[format!("http://127.0.0.1:{}", free_port()), alive.url()]);
    for _ in 0..10 {
        assert_eq!(status(&gate.get("/")), 200);
    }
}

#[test]
fn every_request_is_answered_while_the_upstream_dies() {
    let upstream = Recorder::plain();
    let gate = Running::start("[rate]\nlimits = []", &[upstream.url()]);
    let answered = AtomicUsize::new(0);
    let (workers, each) = (8, 40);
    let upstream = std::sync::Mutex::new(Some(upstream));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                for i in 0..each {
                    if i == each / 2 {
                        drop(upstream.lock().unwrap().take());
                    }
                    let answer = gate.get("/");
                    assert!([200, 502].contains(&status(&answer)), "{answer}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(answered.into_inner(), workers * each);
}

/// Memory that this process occupies, in bytes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn half_open_connections_are_closed_and_others_served() {
    let upstream = Recorder::plain();
    let gate = Running::start("[gateway.timeouts]\nhead = '1s'\nbody = '1s'", &[upstream.url()]);
    let before = resident();
    let flood: Vec<TcpStream> = (0..500)
        .map(|i| {
            let mut stream = TcpStream::connect(gate.address).unwrap();
            let part: &[u8] = match i % 3 {
                0 => b"",
                1 => b"GET / HTTP/1.1\r\nHost:",
                _ => b"POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nContent-Length: 100\r\n\r\nhalf",
            };
            stream.write_all(part).unwrap();
            stream
        })
        .collect();
    assert_eq!(status(&gate.get("/")), 200, "others are served meanwhile");
    // The other tests of this process run meanwhile; a connection that is held dear would cost far more.
    let grown = resident().saturating_sub(before);
    assert!(grown < 500 * 256 * 1024, "{grown} bytes for 500 half-open connections");
    for mut stream in flood {
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        let mut answer = Vec::new();
        // Closed, with or without an answer: an error here would be our own timeout.
        let ended = stream.read_to_end(&mut answer);
        assert!(ended.is_ok() || ended.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset));
    }
    until("no connection is left", || {
        let metrics =
            crate::support::raw(gate.admin, b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        metrics.contains("doorward_connections 0")
    });
}

//! Upstreams that die, and clients that never finish.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
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
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
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

/// An upstream that reads the beginning of each request, answers or does not, and closes: what is still on its way is
/// answered with a reset.
fn hangs_up(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn an_answer_to_an_upload_that_nobody_reads_on_reaches_the_client() {
    const LIMIT: &str = "HTTP/1.1 413 Content Too Large\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large";
    const CHUNKED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ntoo large\r\n0\r\n\r\n";
    let policy = "[rate]\nlimits = []\n[[route]]\npath = '/upload'\nbody = 'stream'";
    for (answer, expected) in [(LIMIT, 413), (CHUNKED, 403), ("", 502)] {
        let gate = Running::start(policy, &[hangs_up(answer)]);
        // A small body, one that is held and one that is not; a few times, because the reset comes when it comes.
        for (path, length) in
            [("/upload", 600), ("/held", 500_000), ("/upload", 3_000_000), ("/held", 3_000_000)]
        {
            for _ in 0..3 {
                let body = vec![b'a'; length];
                let said = gate.ask("PUT", path, &[("Content-Type", "text/plain")], &body);
                assert_eq!(status(&said), expected, "{path} {length}: {said} {:?}", gate.events.all().last());
                assert!(expected == 502 || said.contains("too large"), "{path} {length}: {said}");
            }
        }
    }
}

#[test]
fn an_answer_that_is_no_http_never_reaches_the_client() {
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Length: 2\r\n\r\nsecret", 502),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6, 2\r\n\r\nsecret", 502),
        ("HTTP/1.1 200 OK\r\nContent-Length: -6\r\n\r\nsecret", 502),
        ("HTTP/1.1 200 OK\r\nContent-Length: +6\r\n\r\nsecret", 502),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0x6\r\n\r\nsecret", 502),
        ("HTTP/1.1 200 OK\r\nX-Secret: secret\r\n folded\r\nContent-Length: 6\r\n\r\nsecret", 502),
        ("HTTP/1.1 200 OK\r\nX-Secret: a\rsecret: b\r\nContent-Length: 6\r\n\r\nsecret", 502),
        ("HTTP/1.2 200 OK\r\nContent-Length: 6\r\n\r\nsecret", 502),
        ("HTTP/2.0 200 OK\r\nContent-Length: 6\r\n\r\nsecret", 502),
        ("HTTP/1.1 20 OK\r\nContent-Length: 6\r\n\r\nsecret", 502),
        ("HTTP/1.1 200 OK\r\nX-Sec ret: a\r\nContent-Length: 6\r\n\r\nsecret", 502),
        ("HTTP/1.1 200 OK\r\nX-Plain: a\r\nContent-Length: 6\r\n\r\npublic", 200),
        ("HTTP/1.1 200\r\nContent-Length: 6\r\n\r\npublic", 200),
    ] {
        let upstream = Recorder::start(answer);
        let gate = Running::start("", &[upstream.url()]);
        let said = gate.get("/");
        assert_eq!(status(&said), expected, "{answer}: {said}");
        assert!(!said.contains("secret") && said.contains("public") == (expected == 200), "{answer}: {said}");
        assert_eq!(gate.events.has(&["\"door\":\"upstream\"", "broken"]), expected == 502, "{answer}");
    }
}

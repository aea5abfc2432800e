//! Floods of connections, frames and requests: what has no use is ended and told in a line, and others are served meanwhile.

use std::cell::RefCell;
use std::io::Read;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::frames::Http2;
use crate::support::{Recorder, Running, status, until};

#[test]
fn frames_without_use_end_a_connection() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    type Send = fn(&mut Http2);
    let floods: [(&str, Send); 4] = [
        ("pings", |client| client.ping()),
        ("settings", |client| client.frame(4, 0, 0, &[])),
        ("windows", |client| client.open_window(0, 1)),
        ("unknown frames", |client| client.frame(0x2a, 0, 0, b"abc")),
    ];
    for (what, send) in floods {
        let mut client = Http2::connect(gate.address, 65_535);
        let begun = Instant::now();
        while client.is_open() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{what} are taken without an end");
            (0..200).for_each(|_| send(&mut client));
        }
        assert_eq!(status(&gate.get("/")), 200, "{what}");
    }
    until("somebody is told", || gate.events.has(&["connections were closed", "too many frames"]));
    // The honest neighbour: a hundred requests, each with a ping, a window and a reset beside it.
    let mut client = Http2::connect(gate.address, 65_535);
    for _ in 0..100 {
        let other = client.request("GET", "/", &[]);
        client.reset(other);
        client.ping();
        client.open_window(0, 100);
        let stream = client.request("GET", "/", &[]);
        assert!(client.answer(stream).1.is_ok());
    }
}

#[test]
fn one_client_does_not_take_all_connections() {
    let upstream = Recorder::plain();
    let gate = Running::start("[gateway]\nmax_connections_per_client = 20", &[upstream.url()]);
    let idle = RefCell::new(Vec::new());
    until("no more are served", || {
        idle.borrow_mut().push(TcpStream::connect(gate.address).unwrap());
        status(&gate.get("/")) == 0
    });
    assert!(idle.borrow().len() >= 20);
    let mut next = TcpStream::connect(gate.address).unwrap();
    next.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let ended = next.read(&mut [0; 1]);
    assert!(
        matches!(ended, Ok(0))
            || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
    );
    until("somebody is told", || {
        gate.events.has(&["connections were closed", "too many connections of one client", "127.0.0.1"])
    });
    drop(idle);
    until("a place is free again", || status(&gate.get("/")) == 200);
    // A trusted proxy brings the connections of many.
    let policy = "[gateway]\nmax_connections_per_client = 5\ntrusted_proxies = ['127.0.0.1/32']";
    let behind = Running::start(policy, &[upstream.url()]);
    let _idle: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(behind.address).unwrap()).collect();
    assert_eq!(status(&behind.get("/")), 200);
}

#[test]
fn requests_at_once_have_a_bound_and_known_callers_are_served_longest() {
    let slow = Arc::<AtomicU32>::default();
    let counted = Arc::clone(&slow);
    let upstream = Recorder::answering(move |head| {
        if head.contains("/slow") {
            counted.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_secs(5));
        }
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let policy = "[gateway]\ntrusted_proxies = ['127.0.0.1/32']\n[rate]\nmax_requests = 10\nmax_requests_per_client = 4\n\
                  [[auth.api_key]]\nsubject = 'alice'\nsha256 = '2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90'\n";
    let gate = Running::start(policy, &[upstream.url()]);
    let ask = |target: &str, address: &str, more: &[(&str, &str)]| {
        let headers = [&[("X-Forwarded-For", address)], more].concat();
        gate.ask("GET", target, &headers, b"")
    };
    std::thread::scope(|scope| {
        for nth in 0..8 {
            let address = format!("192.0.2.{}", nth / 4 + 1);
            let ask = &ask;
            scope.spawn(move || assert_eq!(status(&ask("/slow", &address, &[])), 200));
        }
        until("all are under way", || slow.load(Ordering::SeqCst) == 8);
        let of_client = ask("/", "192.0.2.1", &[]);
        assert_eq!(status(&of_client), 429);
        assert!(of_client.to_ascii_lowercase().contains("retry-after: 1"), "{of_client}");
        // Eight of ten are taken: whom nobody knows waits, and who is known does not.
        assert_eq!(status(&ask("/", "192.0.2.9", &[])), 503);
        assert_eq!(status(&ask("/", "192.0.2.9", &[("X-API-Key", "alice")])), 200);
    });
    assert_eq!(status(&ask("/", "192.0.2.9", &[])), 200, "when they have their answers");
    assert!(gate.events.has(&["at-once", "4 requests of this client are under way"]));
    assert!(gate.events.has(&["crowded", "four fifths of 10"]));
}

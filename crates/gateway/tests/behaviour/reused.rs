//! Connections to an upstream that serve again: for how long they are kept, and what happens to a request that meets one
//! which the upstream has closed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Running, status, until};

/// How an upstream treats its connections after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// It serves the next request, and so many in all.
    Serves(usize),
    /// It reads the next request, and closes.
    ClosesOnTheNext,
}

/// An upstream that counts its connections and keeps the request lines.
struct Api {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// Connections that it has closed.
    closed: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Api {
    fn start(after: After, header: &'static str) -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let api = Api {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            closed: Arc::default(),
            requests: Arc::default(),
        };
        let (connections, requests) = (Arc::clone(&api.connections), Arc::clone(&api.requests));
        let closed = Arc::clone(&api.closed);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::Relaxed);
                let (requests, closed) = (Arc::clone(&requests), Arc::clone(&closed));
                std::thread::spawn(move || {
                    serve(stream, after, header, &requests);
                    closed.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        api
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.swap(0, Ordering::Relaxed)
    }
}

fn serve(mut stream: TcpStream, after: After, header: &str, requests: &Mutex<Vec<String>>) {
    let mut served = 0;
    while let Some(line) = request(&mut stream) {
        requests.lock().unwrap().push(line);
        if after == After::ClosesOnTheNext && served == 1 {
            return;
        }
        let _ =
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{header}Content-Length: 2\r\n\r\nok").as_bytes());
        served += 1;
        if after == After::Serves(served) {
            return;
        }
    }
}

/// Reads one request. Its first line.
fn request(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    head.lines().next().map(str::to_owned)
}

const NO_LIMITS: &str = "[rate]\nlimits = []\n[gateway]\nworkers = 1\n";

#[test]
fn a_connection_that_is_closed_after_an_answer_is_not_used_again() {
    let api = Api::start(After::Serves(1), "");
    let gate = Running::start(&format!("{NO_LIMITS}[gateway.timeouts]\nupstream_idle = '20s'"), &[api.url()]);
    for (before, method) in ["GET", "POST", "PATCH", "DELETE"].repeat(10).into_iter().enumerate() {
        let answer = gate.ask(method, "/", &[("Content-Type", "text/plain")], b"x");
        assert_eq!(status(&answer), 200, "{method} {answer} {:?}", gate.events.all());
        until("the upstream has closed", || api.closed.load(Ordering::Relaxed) > before);
    }
    assert_eq!(api.requests.lock().unwrap().len(), 40, "each was sent once");
}

#[test]
fn what_an_upstream_has_perhaps_read_is_repeated_if_its_method_is_idempotent() {
    for (method, expected, sent) in
        [("GET", 200, 2), ("PUT", 200, 2), ("DELETE", 200, 2), ("POST", 502, 1), ("PATCH", 502, 1)]
    {
        let api = Api::start(After::ClosesOnTheNext, "");
        let policy = format!("{NO_LIMITS}[gateway.health]\nconsecutive_failures = 1");
        let gate = Running::start(&policy, &[api.url()]);
        assert_eq!(status(&gate.ask(method, "/first", &[], b"")), 200);
        let answer = gate.ask(method, "/second", &[], b"");
        assert_eq!(status(&answer), expected, "{method} {answer}");
        let requests = api.requests.lock().unwrap();
        assert_eq!(requests.iter().filter(|line| line.contains("/second")).count(), sent, "{method}");
    }
}

#[test]
fn connections_are_kept_for_as_long_as_the_policy_or_the_server_says() {
    for (timeouts, header, connections) in [
        ("upstream_idle = '20s'", "", 1),
        ("upstream_idle = '100ms'", "", 3),
        ("upstream_idle = '100ms'", "Keep-Alive: timeout=20\r\n", 1),
        ("upstream_idle = '20s'", "Keep-Alive: timeout=0\r\n", 3),
        ("upstream_idle = '20s'\nupstream_age = '100ms'", "", 3),
    ] {
        let api = Api::start(After::Serves(100), header);
        let policy = format!("{NO_LIMITS}[gateway.timeouts]\n{timeouts}");
        let gate = Running::start(&policy, &[api.url()]);
        for _ in 0..3 {
            assert_eq!(status(&gate.get("/")), 200);
            std::thread::sleep(Duration::from_millis(250));
        }
        assert_eq!(api.connections(), connections, "{timeouts} {header}");
    }
}

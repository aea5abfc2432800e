//! Connections to upstreams: where nobody answers, and what is sent again elsewhere.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::frames::{Http2, status as status2};
use crate::servers::ports::free_port;
use crate::support::{Peer, Recorder, Running, output, script, status, until};

/// An address where nobody answers: the queue of its listener is full.
struct BlackHole {
    _sockets: Vec<Socket>,
    url: String,
}

impl BlackHole {
    fn open() -> BlackHole {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let listener = socket();
        listener.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut sockets = vec![listener];
        for _ in 0..4 {
            let socket = socket();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            sockets.push(socket);
        }
        BlackHole { _sockets: sockets, url: format!("http://{}", address.as_socket().unwrap()) }
    }
}

#[test]
fn the_time_to_connect_is_spent_once() {
    let (one, two, alive) = (BlackHole::open(), BlackHole::open(), Recorder::plain());
    let connect = Duration::from_millis(1200);
    let policy = "[rate]\nlimits = []\n[gateway.timeouts]\nconnect = '1200ms'\n";
    for (upstreams, expected) in [
        (vec![one.url.clone()], 502),
        (vec![one.url.clone(), two.url.clone()], 502),
        (vec![one.url.clone(), alive.url()], 200),
        (vec![one.url.clone(), two.url.clone(), alive.url()], 200),
    ] {
        let gate = Running::start(policy, &upstreams);
        // The upstream that was tried once too often is tried once, too.
        for _ in 0..4 {
            let begun = Instant::now();
            assert_eq!(status(&gate.get("/")), expected, "{upstreams:?} {:?}", gate.events.all());
            let took = begun.elapsed();
            assert!(took < connect + connect / 2, "{upstreams:?}: {took:?}");
            assert!(expected == 200 || took >= connect - connect / 10, "{upstreams:?}: {took:?}");
        }
    }
}

const STREAMED: &str = "[rate]\nlimits = []\n[[route]]\npath = '/upload'\nbody = 'stream'\n";

#[test]
fn an_upload_of_which_nothing_was_sent_goes_to_another_upstream() {
    for (method, body) in [("POST", "some text"), ("PUT", "some text"), ("PATCH", "x")] {
        let alive = Recorder::plain();
        let gate = Running::start(STREAMED, &[format!("http://127.0.0.1:{}", free_port()), alive.url()]);
        for _ in 0..8 {
            let answer = gate.ask(method, "/upload", &[("Content-Type", "text/plain")], body.as_bytes());
            assert_eq!(status(&answer), 200, "{method}: {answer} {:?}", gate.events.all());
            let seen = alive.take();
            assert!(seen.starts_with(method) && seen.ends_with(&format!("\r\n\r\n{body}")), "{seen}");
        }
    }
}

#[test]
fn an_upload_that_all_upstreams_refuse_is_a_502() {
    let down = || format!("http://127.0.0.1:{}", free_port());
    let gate = Running::start(STREAMED, &[down(), down()]);
    let answer = gate.ask("POST", "/upload", &[("Content-Type", "text/plain")], b"some text");
    assert_eq!(status(&answer), 502, "{answer}");
    assert!(gate.events.has(&["\"door\":\"upstream\"", "unavailable"]), "{:?}", gate.events.all());
}

/// How a client leaves its upload.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    Http1Length,
    Http1Chunked,
    Http1BrokenChunk,
    Http2Reset,
    Http2Close,
}

#[test]
fn clients_that_leave_their_uploads_put_no_upstream_to_rest() {
    use Leaving::*;
    for how in [Http1Length, Http1Chunked, Http1BrokenChunk, Http2Reset, Http2Close] {
        let (one, two) = (Recorder::plain(), Recorder::plain());
        let policy = format!("[gateway.health]\nconsecutive_failures = 1\n{STREAMED}");
        let gate = Running::start(&policy, &[one.url(), two.url()]);
        for _ in 0..4 {
            leave(how, &gate, &|| (one.take() + &two.take()).contains("a part of it"));
        }
        for _ in 0..6 {
            assert_eq!(status(&gate.get("/")), 200);
        }
        let both = (one.take(), two.take());
        assert!(both.0.contains("GET /") && both.1.contains("GET /"), "{how:?}: {:?}", gate.events.all());
        assert!(!gate.events.has(&["\"door\":\"upstream\""]), "{how:?}: {:?}", gate.events.all());
    }
}

/// Begins an upload, and leaves it when it is under way.
fn leave(how: Leaving, gate: &Running, under_way: &dyn Fn() -> bool) {
    let head = "POST /upload HTTP/1.1\r\nHost: api.example\r\nUser-Agent: test\r\n";
    let http1 = |framing: &str| {
        let mut stream = TcpStream::connect(gate.address).unwrap();
        stream.write_all(format!("{head}{framing}a part of it\r\n").as_bytes()).unwrap();
        stream
    };
    match how {
        Leaving::Http1Length => {
            let _stream = http1("Content-Length: 1000\r\n\r\n");
            until("it is under way", under_way);
        }
        Leaving::Http1Chunked => {
            let _stream = http1("Transfer-Encoding: chunked\r\n\r\nc\r\n");
            until("it is under way", under_way);
        }
        Leaving::Http1BrokenChunk => {
            let mut stream = http1("Transfer-Encoding: chunked\r\n\r\nc\r\n");
            until("it is under way", under_way);
            let _ = stream.write_all(b"this is no chunk\r\n");
        }
        Leaving::Http2Reset | Leaving::Http2Close => {
            let mut client = Http2::connect(gate.address, 65_535);
            let stream = client.request("POST", "/upload", &[("content-length", "1000")]);
            client.data(stream, b"a part of it", false);
            until("it is under way", under_way);
            if matches!(how, Leaving::Http2Reset) {
                client.reset(stream);
                let other = client.request("GET", "/", &[]);
                assert_eq!(status2(&client.answer(other).0), 200, "the connection goes on");
            }
        }
    }
}

#[test]
fn a_call_of_grpc_goes_to_the_upstream_that_is_up() {
    let (port, down) = (free_port(), free_port());
    let python = "/usr/bin/python3";
    let _peer = Peer::start(
        Command::new(python).args([script("grpc_echo.py"), "serve".into(), port.to_string()]),
        port,
    );
    let urls = [down, port].map(|port| format!("h2c://127.0.0.1:{port}"));
    for upstreams in [[urls[0].clone(), urls[1].clone()], [urls[1].clone(), urls[0].clone()]] {
        let gate = Running::start("", &upstreams);
        for _ in 0..3 {
            let (fine, answer) =
                output(python, &[&script("grpc_echo.py"), "call", &gate.address.port().to_string()]);
            assert!(fine, "{answer} {:?}", gate.events.all());
            assert_eq!(answer, "echo hello\necho a\necho b\nUNIMPLEMENTED\n");
        }
    }
    let gate = Running::start("", &[urls[0].clone()]);
    let port = gate.address.port().to_string();
    let (_, answer) = output(python, &[&script("grpc_echo.py"), "code", &port]);
    assert_eq!(answer, "UNAVAILABLE\n", "all are down");
}

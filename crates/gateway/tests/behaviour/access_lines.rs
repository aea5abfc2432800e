//! Every request leaves one line, however it ends, and the line says what an operator looks for.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Recorder, Running, output, raw, status, until};

fn lines(gate: &Running) -> Vec<Value> {
    let all = gate.events.all().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    all.filter(|line| line["type"] == "access").collect()
}

/// The only line of a path.
fn line(gate: &Running, path: &str) -> Value {
    let of_path = || lines(gate).into_iter().filter(|line| line["path"] == path).collect::<Vec<_>>();
    until(path, || !of_path().is_empty());
    let found = of_path();
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

fn metrics(gate: &Running) -> String {
    raw(gate.admin, b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

/// An upstream that waits before it answers, breaks off, or does not end, by the path.
fn unreliable() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut head = [0; 4096];
                let count = stream.read(&mut head).unwrap();
                let head = String::from_utf8_lossy(&head[..count]).into_owned();
                if !head.contains(" /silent") {
                    stream
                        .write_all(
                            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\npart",
                        )
                        .unwrap();
                }
                if !head.contains(" /broken") {
                    // Until the other side leaves.
                    let _ = stream.read_to_end(&mut Vec::new());
                }
            });
        }
    });
    url
}

fn send(gate: &Running, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gate.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

const HEAD: &str = "HTTP/1.1\r\nHost: api.example\r\nUser-Agent: t\r\n";

#[test]
fn a_request_whose_client_leaves_has_a_line() {
    let gate = Running::start("", &[unreliable()]);
    for n in 0..3 {
        let body = "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
        let client = send(&gate, &format!("POST /silent/{n} {HEAD}{body}"));
        std::thread::park_timeout(Duration::from_millis(50));
        drop(client);
        let line = line(&gate, &format!("/silent/{n}"));
        assert_eq!((&line["status"], &line["cut_off_by"]), (&499.into(), &"client".into()), "{line}");
        assert_eq!((&line["received_bytes"], &line["bytes"]), (&5.into(), &0.into()), "{line}");
    }
    let counted = || {
        metrics(&gate)
            .lines()
            .any(|line| line.contains("requests_total") && line.contains("4xx") && line.ends_with(" 3"))
    };
    until("they are counted", counted);
    // In the middle of the answer.
    let mut client = send(&gate, &format!("GET /half {HEAD}\r\n"));
    let mut read = [0; 4096];
    let mut answer = String::new();
    while !answer.ends_with("part") {
        let count = client.read(&mut read).unwrap();
        answer.push_str(&String::from_utf8_lossy(&read[..count]));
    }
    drop(client);
    let half = line(&gate, "/half");
    assert_eq!(
        (&half["status"], &half["cut_off_by"], &half["bytes"]),
        (&200.into(), &"client".into(), &4.into())
    );
    // Broken off by the upstream.
    let mut rest = String::new();
    let _ = send(&gate, &format!("GET /broken {HEAD}\r\n")).read_to_string(&mut rest);
    let broken = line(&gate, "/broken");
    assert_eq!((&broken["status"], &broken["cut_off_by"]), (&200.into(), &"upstream".into()), "{broken}");
    // Over HTTP/2.
    let url = gate.url("/silent/h2");
    let arguments = ["-s", "--http2-prior-knowledge", "--max-time", "0.3", &url];
    assert!(!output("curl", &arguments).0);
    let left = line(&gate, "/silent/h2");
    assert_eq!((&left["status"], &left["protocol"]), (&499.into(), &"HTTP/2.0".into()), "{left}");
}

#[test]
fn to_leave_early_does_not_keep_a_try_from_being_counted() {
    let policy =
        "[rate]\nlimits = []\n[[route]]\npath = '/silent/login'\nlimits = ['2 per hour counting failures']";
    let gate = Running::start(policy, &[unreliable()]);
    for n in 1..=2 {
        let client = send(&gate, &format!("GET /silent/login?n={n} {HEAD}\r\n"));
        std::thread::park_timeout(Duration::from_millis(50));
        drop(client);
        until("the line is written", || lines(&gate).len() == n);
    }
    assert_eq!(status(&gate.get("/silent/login")), 429);
}

#[test]
fn a_line_says_who_asked_what_and_what_became_of_it() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let headers =
        [("User-Agent", "curl/8 \"x\""), ("Referer", "https://me:pw@app.example/page?token=abc&tab=1#f")];
    gate.ask(
        "POST",
        "/orders?page=2&api_key=secret",
        &[&headers[..], &[("Content-Type", "text/plain")]].concat(),
        b"hello",
    );
    let served = line(&gate, "/orders");
    for (field, value) in [
        ("method", "POST".into()),
        ("status", 200.into()),
        ("client", "127.0.0.1".into()),
        ("host", "api.example".into()),
        ("query", "page=2&api_key=[redacted]".into()),
        ("user_agent", "curl/8 \"x\"".into()),
        ("referrer", "https://app.example/page?token=[redacted]&tab=1".into()),
        ("protocol", "HTTP/1.1".into()),
        ("received_bytes", 5.into()),
        ("bytes", 2.into()),
        ("upstream", Value::from(upstream.url())),
        ("verdict", "passed".into()),
        ("cut_off_by", Value::Null),
        ("tls", Value::Null),
        ("request_id", Value::Null),
    ] {
        assert_eq!(served[field], value, "{field}: {served}");
    }
    let time = |field: &str| served[field].as_u64().unwrap();
    assert!(time("guard_us") > 0 && time("upstream_us") > 0, "{served}");
    assert!(time("guard_us") + time("upstream_us") <= time("latency_us"), "{served}");
    gate.get("/search?q=%27%20OR%20%271%27=%271");
    let refused = line(&gate, "/search");
    assert_eq!((&refused["status"], &refused["verdict"]), (&403.into(), &"refused".into()), "{refused}");
    gate.ask("HEAD", "/head", &[], b"");
    assert_eq!(line(&gate, "/head")["cut_off_by"], Value::Null);
}

#[test]
fn the_id_of_a_trusted_proxy_is_kept_and_the_trace_context_passes() {
    let upstream = Recorder::plain();
    let trusting = Running::start("[gateway]\ntrusted_proxies = ['127.0.0.1/32']", &[upstream.url()]);
    let wary = Running::start("", &[upstream.url()]);
    let long = "a".repeat(129);
    for (gate, id, is_kept) in [
        (&trusting, "req-7.b/42", true),
        (&trusting, "two words", false),
        (&trusting, &long, false),
        (&trusting, "", false),
        (&wary, "req-7", false),
    ] {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let headers = [("X-Request-Id", id), ("traceparent", trace), ("tracestate", "a=1,b=2")];
        let answer = gate.ask("GET", "/", &headers, b"");
        let sent = upstream.take().to_ascii_lowercase();
        let shown = format!("x-request-id: {id}\r\n");
        assert_eq!(answer.contains(&shown) && sent.contains(&shown), is_kept, "{id}: {answer}{sent}");
        assert_eq!(sent.matches("x-request-id: ").count(), 1, "{id}: {sent}");
        assert!(
            sent.contains(&format!("traceparent: {trace}\r\n")) && sent.contains("tracestate: a=1,b=2\r\n"),
            "{sent}"
        );
        let line = lines(gate).pop().unwrap();
        assert_eq!(line["request_id"].as_str(), Some(id).filter(|_| is_kept), "{line}");
    }
    trusting.ask("GET", "/?q=%27%20OR%20%271%27=%271", &[("X-Request-Id", "req-8")], b"");
    assert!(trusting.events.has(&["\"rule\":\"sql\"", "\"request_id\":\"req-8\""]));
}

/// An upstream that turns every connection into an echo.
pub(crate) fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                let _ = stream.read(&mut piece);
                let switched =
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
                stream.write_all(switched.as_bytes()).unwrap();
                while let Ok(count @ 1..) = stream.read(&mut piece) {
                    if stream.write_all(&piece[..count]).is_err() {
                        return;
                    }
                }
                let _ = stream.shutdown(Shutdown::Both);
            });
        }
    });
    url
}

/// A tunnel that has answered once.
pub(crate) fn tunnel(gate: &Running, path: &str) -> TcpStream {
    let mut client =
        send(gate, &format!("GET {path} {HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    assert_eq!(status(&String::from_utf8_lossy(&answer)), 101);
    says(&mut client, b"hello");
    client
}

/// Says something and hears it back.
pub(crate) fn says(client: &mut TcpStream, words: &[u8]) {
    client.write_all(words).unwrap();
    let mut heard = vec![0; words.len()];
    client.read_exact(&mut heard).unwrap();
    assert_eq!(heard, words);
}

#[test]
fn a_tunnel_is_limited_counted_and_has_its_line_at_its_end() {
    let policy = "[gateway]\nworkers = 1\nmax_connections = 2";
    let gate = Running::start(policy, &[echo()]);
    let (mut first, second) = (tunnel(&gate, "/first"), tunnel(&gate, "/second"));
    until("both are counted", || {
        let metrics = metrics(&gate);
        metrics.contains("doorward_connections 2\n") && metrics.contains("doorward_tunnels 2\n")
    });
    assert!(lines(&gate).is_empty(), "their lines are written at their end");
    // There is no place for a third client until one leaves.
    let mut third = send(&gate, &format!("GET /third {HEAD}Connection: close\r\n\r\n"));
    third.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(third.read(&mut [0; 16]).is_err(), "a third connection is served");
    says(&mut first, b"and more");
    drop(second);
    let ended = line(&gate, "/second");
    assert_eq!(
        (&ended["status"], &ended["received_bytes"], &ended["bytes"]),
        (&101.into(), &5.into(), &5.into())
    );
    third.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert!(third.read(&mut [0; 16]).unwrap() > 0);
    drop(third);
    drop(first);
    let ended = line(&gate, "/first");
    assert_eq!((&ended["received_bytes"], &ended["bytes"]), (&13.into(), &13.into()));
    assert!(ended["latency_us"].as_u64().unwrap() > 300_000, "{ended}");
    until("both are gone", || metrics(&gate).contains("doorward_tunnels 0\n"));
}

#[test]
fn tunnels_live_until_the_drain_time_ends() {
    let gate = Running::start("[gateway]\ndrain = '1s'", &[echo()]);
    let (address, events) = (gate.address, gate.events.clone());
    let (mut stays, leaves) = (tunnel(&gate, "/stays"), tunnel(&gate, "/leaves"));
    let end = std::thread::spawn(move || drop(gate));
    until("nobody is accepted any more", || TcpStream::connect(address).is_err());
    says(&mut stays, b"still here");
    drop(leaves);
    let mut rest = Vec::new();
    let _ = stays.read_to_end(&mut rest);
    assert!(rest.is_empty());
    end.join().unwrap();
    assert!(events.has(&["\"type\":\"access\"", "/leaves", "\"status\":101"]), "{:?}", events.all());
    assert!(
        events.has(&["\"type\":\"access\"", "/stays", "\"status\":101", "\"bytes\":15"]),
        "{:?}",
        events.all()
    );
}

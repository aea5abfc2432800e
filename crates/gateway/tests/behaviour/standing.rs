//! Clients that do not read, do not send, or hold more than their share; and honest ones that are slow or pause.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gateway::Gateway;
use guard::{FanOut, Guard};
use policy::Inputs;
use socket2::{Domain, Socket, Type};

use crate::frames::{GOAWAY, Http2, RST_STREAM, Read2, status as status2};
use crate::support::{Recorder, Running, raw, status, until};

const HEAD: &str = "Host: api.example\r\nUser-Agent: test\r\n";

/// An upstream that answers by path: `/endless` with a body that never ends, `/ticks` with three pieces and pauses between,
/// `/large` with four megabytes. It knows how many of its connections are open.
struct Api {
    address: SocketAddr,
    open: Arc<AtomicUsize>,
}

const PAUSE: Duration = Duration::from_millis(900);
const LARGE: usize = 4_000_000;

impl Api {
    fn start() -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&open);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let open = Arc::clone(&counted);
                std::thread::spawn(move || {
                    open.fetch_add(1, Ordering::Relaxed);
                    let _ = Api::answer(stream);
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Api { address, open }
    }

    fn answer(mut stream: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let kind = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n";
        if head.starts_with("GET /ticks") {
            stream.write_all(format!("{kind}\r\n").as_bytes())?;
            for tick in 0..3 {
                stream.write_all(format!("tick {tick}\n").as_bytes())?;
                std::thread::sleep(PAUSE);
            }
            return Ok(());
        }
        if head.starts_with("GET /large") {
            stream.write_all(format!("{kind}Content-Length: {LARGE}\r\n\r\n").as_bytes())?;
            return stream.write_all(&vec![b'a'; LARGE]);
        }
        stream.write_all(format!("{kind}\r\n").as_bytes())?;
        loop {
            stream.write_all(&[b'a'; 16 * 1024])?;
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// A connection with a small window, so that little is read on behalf of its client.
fn narrow(to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

#[test]
fn a_client_that_does_not_read_its_answer_is_disconnected() {
    let api = Api::start();
    let gate = Running::start("[gateway.timeouts]\nwrite = '500ms'", &[api.url()]);
    let silent: Vec<TcpStream> = (0..5)
        .map(|_| {
            let mut stream = narrow(gate.address);
            stream.write_all(format!("GET /endless HTTP/1.1\r\n{HEAD}\r\n").as_bytes()).unwrap();
            stream
        })
        .collect();
    until("the answers begin", || api.open.load(Ordering::Relaxed) == 5);
    until("nothing is left of them", || api.open.load(Ordering::Relaxed) == 0);
    let event = ["admission", "client-does-not-read", "[gateway.timeouts] write", "127.0.0.1"];
    until("there is an event for each", || {
        gate.events.all().iter().filter(|line| event.iter().all(|word| line.contains(word))).count() == 5
    });
    drop(silent);
    // Pauses of the answer itself are longer than that.
    let ticks = gate.ask("GET", "/ticks", &[], b"");
    assert!(ticks.contains("tick 0\n") && ticks.contains("tick 2\n"), "{ticks}");
    // So is the time that a slow reader takes, who reads all the while.
    let mut slow = narrow(gate.address);
    slow.write_all(format!("GET /large HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n").as_bytes()).unwrap();
    let (mut read, mut piece) = (0, vec![0; 100_000]);
    while let Ok(count @ 1..) = slow.read(&mut piece) {
        read += count;
        std::thread::sleep(Duration::from_micros(count as u64 * 2 / 5));
    }
    assert!(read > LARGE, "{read}");
}

#[test]
fn a_stream_that_is_kept_shut_is_reset_and_its_neighbours_go_on() {
    let api = Api::start();
    let gate = Running::start("[gateway.timeouts]\nwrite = '500ms'", &[api.url()]);
    let mut client = Http2::connect(gate.address, 0);
    let shut = client.request("GET", "/endless", &[]);
    let whole = client.request("GET", "/large", &[]);
    let paused = client.request("GET", "/ticks", &[]);
    client.open_window(0, 20_000_000);
    client.open_window(paused, 1000);
    client.open_window(whole, LARGE as u32);
    let (head, ticks) = client.answer(paused);
    assert_eq!(status2(&head), 200);
    assert_eq!(ticks.unwrap(), b"tick 0\ntick 1\ntick 2\n");
    until("the one that is shut has ended", || gate.events.has(&["client-does-not-read", "a stream"]));
    let after = client.request("GET", "/ticks", &[]);
    client.open_window(after, 1000);
    assert_eq!(client.answer(after).1.unwrap().len(), 21, "the connection goes on");
    until("no connection of it is left", || api.open.load(Ordering::Relaxed) == 0);
    // A window that opens by too little at a time is as good as shut.
    let trickle = client.request("GET", "/endless", &[]);
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(20), "not reset");
        match client.read() {
            Read2::Frame((RST_STREAM, _, stream, _)) if stream == trickle => break,
            Read2::Closed => panic!("the connection is closed"),
            // However fast the machine is: a byte when nothing has come for a while.
            Read2::Nothing => client.open_window(trickle, 1),
            Read2::Frame(_) => {}
        }
    }
    let _ = shut;
}

/// A tunnel: what each side sends reaches the other, also when one of them has said all; and who does not read is given up.
#[test]
fn a_tunnel_ends_when_its_client_does_not_read_and_not_when_one_side_is_done() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (said, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let said = said.clone();
            std::thread::spawn(move || {
                let mut head = [0; 4096];
                let count = stream.read(&mut head).unwrap();
                let switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nbye";
                stream.write_all(switched.as_bytes()).unwrap();
                if head[..count].starts_with(b"GET /flood") {
                    while stream.write_all(&[b'a'; 16 * 1024]).is_ok() {}
                    said.send("gone".to_owned()).unwrap();
                    return;
                }
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                let mut rest = String::new();
                stream.read_to_string(&mut rest).unwrap();
                said.send(rest).unwrap();
            });
        }
    });
    let gate = Running::start("[gateway.timeouts]\nwrite = '500ms'", &[url]);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut client = TcpStream::connect(gate.address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client.write_all(format!("GET /half HTTP/1.1\r\n{HEAD}{upgrade}").as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101") && answer.ends_with("bye"), "{answer}");
    client.write_all(b"and a last word").unwrap();
    drop(client);
    assert_eq!(heard.recv_timeout(Duration::from_secs(20)).unwrap(), "and a last word");
    let mut silent = narrow(gate.address);
    silent.write_all(format!("GET /flood HTTP/1.1\r\n{HEAD}{upgrade}").as_bytes()).unwrap();
    assert_eq!(heard.recv_timeout(Duration::from_secs(20)).unwrap(), "gone");
}

/// Requests to an HTTP/2 upstream share a connection.
#[test]
fn a_client_that_does_not_read_stops_no_other_over_a_shared_connection() {
    let api = Api::start();
    let behind = Running::start("[gateway]\nworkers = 1", &[api.url()]);
    let gate = Running::start("[gateway]\nworkers = 1", &[format!("h2c://{}", behind.address)]);
    let silent: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut stream = narrow(gate.address);
            stream.write_all(format!("GET /endless HTTP/1.1\r\n{HEAD}\r\n").as_bytes()).unwrap();
            stream
        })
        .collect();
    until("the answers begin", || api.open.load(Ordering::Relaxed) == 20);
    for _ in 0..3 {
        let large = gate.ask("GET", "/large", &[], b"");
        assert!(status(&large) == 200 && large.len() > LARGE, "{}", large.len());
    }
    drop(silent);
}

#[test]
fn an_http2_connection_without_requests_is_closed_whatever_it_pings() {
    let api = Api::start();
    let gate = Running::start("[gateway.timeouts]\nkeep_alive = '600ms'\nhead = '400ms'", &[api.url()]);
    let mut pinging = Http2::connect(gate.address, 65_535);
    let begun = Instant::now();
    let mut was_told = false;
    loop {
        assert!(begun.elapsed() < Duration::from_secs(20), "still open");
        pinging.ping();
        // Not so often that it is a flood.
        std::thread::sleep(Duration::from_millis(5));
        match pinging.read() {
            Read2::Frame((GOAWAY, ..)) => was_told = true,
            Read2::Closed => break,
            _ => {}
        }
    }
    assert!(was_told && begun.elapsed() >= Duration::from_millis(600));
    // One whose answer pauses for longer is in use.
    let mut client = Http2::connect(gate.address, 65_535);
    let stream = client.request("GET", "/ticks", &[]);
    assert_eq!(client.answer(stream).1.unwrap(), b"tick 0\ntick 1\ntick 2\n");
    // The same holds for HTTP/1.1.
    let upstream = Recorder::plain();
    let gate = Running::start("[gateway.timeouts]\nkeep_alive = '600ms'", &[upstream.url()]);
    let mut kept = TcpStream::connect(gate.address).unwrap();
    kept.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    kept.write_all(format!("GET / HTTP/1.1\r\n{HEAD}\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    kept.read_to_string(&mut answer).unwrap();
    assert_eq!(status(&answer), 200, "answered, and closed");
}

/// Sends a chunked upload, a piece at a time.
fn upload(gate: &Running, pieces: usize, piece: &str, pause: Duration) -> String {
    let mut stream = TcpStream::connect(gate.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head =
        format!("POST /upload HTTP/1.1\r\n{HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..pieces {
        std::thread::sleep(pause);
        if stream.write_all(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes()).is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

const STREAMED: &str = "[[route]]\npath = '/upload'\nbody = 'stream'\n";

#[test]
fn an_upload_may_be_slow_but_not_for_ever() {
    let upstream = [chunked_api()];
    let policy = "[gateway]\nmin_upload_rate = 1000\n[gateway.timeouts]\nbody = '800ms'\nidle = '20s'\nupstream = '400ms'\n\
        [gateway.health]\nconsecutive_failures = 1\n";
    let gate = Running::start(&format!("{policy}{STREAMED}"), &upstream);
    // Slower than the upstream may answer, and than the grace, but fast enough.
    let steady = upload(&gate, 15, &"a line of text\n".repeat(20), Duration::from_millis(100));
    assert_eq!(status(&steady), 200, "{steady}");
    // A long pause is made good for by what comes next.
    let uneven = upload(&gate, 3, &"a line of text\n".repeat(100), Duration::from_millis(600));
    assert_eq!(status(&uneven), 200, "{uneven}");
    // A byte now and then is no upload.
    let trickle = upload(&gate, 100, "a", Duration::from_millis(50));
    assert!([0, 408].contains(&status(&trickle)), "{trickle}");
    until("there is an event", || {
        gate.events.has(&["protocol", "body-too-slow", "min_upload_rate", "\"status\":408"])
    });
    // A stream over HTTP/2 without a length is a conversation, and may pause.
    let mut client = Http2::connect(gate.address, 65_535);
    let stream = client.request("POST", "/upload", &[]);
    client.data(stream, b"a line\n", false);
    std::thread::sleep(Duration::from_millis(1500));
    client.data(stream, b"another\n", true);
    assert_eq!(status2(&client.answer(stream).0), 200, "{:?}", gate.events.all());
    assert!(!gate.events.has(&["\"door\":\"upstream\""]), "{:?}", gate.events.all());
}

#[test]
fn a_conversation_that_nobody_continues_is_ended() {
    let upstream = chunked_api();
    let policy = format!("[gateway.timeouts]\nidle = '500ms'\n{STREAMED}");
    let gate = Running::start(&policy, &[upstream]);
    let mut client = Http2::connect(gate.address, 65_535);
    let stream = client.request("POST", "/upload", &[]);
    client.data(stream, b"a line\n", false);
    assert_eq!(status2(&client.answer(stream).0), 408);
}

#[test]
fn a_client_that_leaves_its_upload_does_not_rest_the_upstream() {
    let (one, two) = (Recorder::plain(), Recorder::plain());
    let policy = format!("[gateway.health]\nconsecutive_failures = 1\n{STREAMED}");
    let gate = Running::start(&policy, &[one.url(), two.url()]);
    for _ in 0..4 {
        let mut stream = TcpStream::connect(gate.address).unwrap();
        let part = format!("POST /upload HTTP/1.1\r\n{HEAD}Content-Length: 1000\r\n\r\na part of it");
        stream.write_all(part.as_bytes()).unwrap();
        until("it is under way", || (one.take() + &two.take()).contains("a part of it"));
        drop(stream);
    }
    for _ in 0..4 {
        assert_eq!(status(&gate.get("/")), 200);
    }
    assert!(one.take().contains("GET /") && two.take().contains("GET /"), "both serve");
}

/// An upstream that reads a chunked body and then answers.
fn chunked_api() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
                while let Ok(count @ 1..) = stream.read(&mut piece) {
                    seen.extend_from_slice(&piece[..count]);
                    if seen.ends_with(b"\r\n0\r\n\r\n") {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    }
                }
            });
        }
    });
    url
}

#[test]
fn a_refusal_reaches_a_client_that_sends_all_before_it_reads() {
    let upstream = Recorder::plain();
    let gate = Running::start("[protocol]\nmax_body = '1 MiB'", &[upstream.url()]);
    for (path, length, expected) in
        [("/", 3_000_000, 413), ("/?q=%27%20OR%20%271%27=%271", 900_000, 403), ("/a%5cb", 3_000_000, 400)]
    {
        for _ in 0..3 {
            let mut stream = TcpStream::connect(gate.address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let head = format!("POST {path} HTTP/1.1\r\n{HEAD}Content-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            for piece in vec![b'a'; length].chunks(50_000) {
                stream.write_all(piece).unwrap();
            }
            assert_eq!(status(&answer(stream)), expected, "{path}");
        }
    }
}

/// A request from another loopback address.
fn ask_from(from: &str, gate: SocketAddr, body: usize, sent: usize) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&format!("{from}:0").parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.connect(&gate.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\n{HEAD}Connection: close\r\nContent-Type: text/plain\r\nContent-Length: {body}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![b'a'; sent]).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn what_is_held_has_a_budget_for_a_client_and_for_all() {
    const KIB: usize = 1024;
    let upstream = Recorder::plain();
    let policy = "[protocol]\nmax_body = '64KiB'\nmax_decoded_body = '64KiB'\n\
        [gateway]\nmax_held_per_client = '128KiB'\nmax_held = '248KiB'\n[rate]\nlimits = []";
    let gate = Running::start(policy, &[upstream.url()]);
    let from = |address: &str, body, sent| ask_from(address, gate.address, body, sent);
    let held = |kib: usize| {
        let metrics = || raw(gate.admin, b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let line = format!("doorward_held_bytes {}\n", kib * KIB);
        until(&line, || metrics().contains(&line));
    };
    // Two bodies that do not end.
    let begun: Vec<_> = (0..2).map(|_| from("127.0.0.1", 64 * KIB, 60 * KIB)).collect();
    held(120);
    let refused = answer(from("127.0.0.1", 9 * KIB, 9 * KIB));
    assert!(status(&refused) == 503 && refused.contains("retry-after: 1\r\n"), "{refused}");
    assert!(refused.contains("application/problem+json"), "{refused}");
    assert!(gate.events.has(&["protocol", "held-bytes", "[gateway] max_held_per_client", "\"status\":503"]));
    // What fits is served, and so is another client.
    assert_eq!(status(&answer(from("127.0.0.1", KIB, KIB))), 200);
    assert_eq!(status(&answer(from("127.0.0.2", 60 * KIB, 60 * KIB))), 200);
    // Others use up the common budget.
    let more: Vec<_> = (0..2).map(|_| from("127.0.0.3", 64 * KIB, 60 * KIB)).collect();
    held(240);
    assert_eq!(status(&answer(from("127.0.0.4", 9 * KIB, 9 * KIB))), 503);
    assert!(gate.events.has(&["held-bytes", "[gateway] max_held)"]), "{:?}", gate.events.all());
    // What they give back is there again.
    drop((begun, more));
    held(0);
    assert_eq!(status(&answer(from("127.0.0.1", 60 * KIB, 60 * KIB))), 200);
}

#[test]
fn answers_that_wait_for_their_client_count_as_held() {
    const SIZE: usize = 60_000;
    let body = format!("{{\"a\":\"{}\"}}", "b".repeat(SIZE));
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
    let upstream = Recorder::start(format!("{head}: {}\r\n\r\n{body}", body.len()).leak());
    let directory = tempfile::tempdir().unwrap();
    let document = "openapi: 3.1.0\npaths: { /a: { get: { responses: { '200': { content: { application/json: { schema: { type: object, properties: { a: { type: string } } } } } } } } } }";
    std::fs::write(directory.path().join("api.yaml"), document).unwrap();
    let file = directory.path().join("doorward.toml");
    let policy = "[gateway]\nopenapi = 'api.yaml'\nmax_held_per_client = '128KiB'\n[protocol]\nmax_body = '64KiB'\nmax_decoded_body = '64KiB'";
    std::fs::write(&file, policy).unwrap();
    let gate = Running::from_file(&file, &[upstream.url()]);
    let mut client = Http2::connect(gate.address, 0);
    let waiting = [client.request("GET", "/a", &[]), client.request("GET", "/a", &[])];
    for _ in waiting {
        client.read_until(|frame| waiting.contains(&frame.2)).unwrap();
    }
    assert_eq!(status(&gate.get("/a")), 503);
    assert!(gate.events.has(&["held-bytes", "\"path\":\"/a\""]), "{:?}", gate.events.all());
    client.open_window(0, 1_000_000);
    for stream in waiting {
        client.open_window(stream, 100_000);
        assert_eq!(client.answer(stream).1.unwrap().len(), body.len());
    }
    until("there is room again", || status(&gate.get("/a")) == 200);
}

#[test]
fn a_request_that_makes_the_gate_read_much_counts_as_much() {
    let answer =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"owner\":\"bob\"}";
    let upstream = Recorder::start(answer);
    let policy = |mode: &str| {
        format!(
            "[[auth.api_key]]\nsubject = 'bob'\nsha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'\n\
             [rate]\nlimits = ['6 per hour by user']\n[doors]\nrate = '{mode}'\n[[route]]\npath = '/things/{{id}}'\nowner = '/owner'\n\
             [[route]]\npath = '/batch'\nobjects = [{{ id = 'query.ids', read = '/things/{{id}}' }}]"
        )
    };
    let ask = |gate: &Running, ids: &str| {
        let answer = gate.ask("POST", &format!("/batch?ids={ids}"), &[("X-API-Key", "bob")], b"");
        let seen = upstream.take();
        (status(&answer), seen.matches("GET /things/").count(), seen.contains("POST "), answer)
    };
    let gate = Running::start(&policy("enforce"), &[upstream.url()]);
    // One object, as with every request; three objects are three requests.
    assert_eq!(ask(&gate, "1").0, 200);
    assert_eq!(ask(&gate, "1,2,3").0, 200);
    let (code, reads, reached, text) = ask(&gate, "1,2,3,4,5,6,7,8,9");
    assert!(code == 429 && reads == 2 && !reached, "{code} {reads} {reached} {text}");
    assert!(text.contains("retry-after: "), "{text}");
    let event = ["\"door\":\"rate\"", "\"rule\":\"limit\"", "6 per 1h by user", "\"status\":429"];
    assert!(gate.events.has(&event), "{:?}", gate.events.all());
    // A door that observes refuses nothing, and lets no other door go by.
    let gate = Running::start(&policy("observe"), &[upstream.url()]);
    let (code, reads, reached, _) = ask(&gate, "1,2,3,4,5,6,7,8,9");
    assert!(code == 200 && reads == 9 && reached, "{code} {reads} {reached}");
    assert!(gate.events.has(&["\"door\":\"rate\"", "would-refuse"]), "{:?}", gate.events.all());
}

#[test]
fn the_media_type_of_grpc_takes_no_request_out_of_a_limit() {
    let upstream = Recorder::plain();
    // A gateway that lets everything pass speaks HTTP/2 in front of it.
    let behind = Running::start(
        "[doors]\nprotocol = 'off'\ninjection = 'off'\nrate = 'off'\n[protocol]\nmax_body = '10MiB'\nmax_login_body = '10MiB'",
        &[upstream.url()],
    );
    let policy = "[protocol]\nmax_body = '1KiB'\nmax_login_body = '64B'";
    let gate = Running::start(policy, &[format!("h2c://{}", behind.address)]);
    let message = |content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[0][..], &length, content].concat()
    };
    let ask = |path: &str, pieces: &[&[u8]]| {
        let mut client = Http2::connect(gate.address, 65_535);
        let stream =
            client.request("POST", path, &[("content-type", "application/grpc"), ("te", "trailers")]);
        for (number, piece) in pieces.iter().enumerate() {
            client.data(stream, piece, number + 1 == pieces.len());
        }
        let (head, body) = client.answer(stream);
        (status2(&head), body.unwrap_or_default(), upstream.take())
    };
    let attack = b"' OR '1'='1' UNION SELECT password FROM users -- ";
    for (name, path, pieces, rule) in [
        ("a form", "/a", &[&b"a=1&b=2"[..]][..], "grpc-message"),
        ("JSON", "/a", &[br#"{"a":1}"#], "grpc-message"),
        ("half a message", "/a", &[b"\0\0\0\0\x10abc"], "grpc-message"),
        ("a message over the limit", "/a", &[&message(&[b'a'; 1025])], "body-too-large"),
        ("an attack", "/a", &[&message(attack)], "sql"),
        (
            "an attack beside a byte that is no text",
            "/a",
            &[&message(&[b"\xff\0", &attack[..]].concat())],
            "sql",
        ),
        ("an attack in pieces", "/a", &[&message(attack)[..20], &message(attack)[20..]], "sql"),
        ("a login over its limit", "/api/login", &[&message(&[b'a'; 100])], "body-too-large"),
    ] {
        let (code, body, seen) = ask(path, pieces);
        // gRPC's own refusals have no body.
        assert!(code >= 400 || (code == 200 && body.is_empty()), "{name}: {code}");
        assert_eq!(seen, "", "{name}");
        assert!(
            gate.events.has(&[&format!("\"rule\":\"{rule}\""), "refused"]),
            "{name}: {:?}",
            gate.events.all()
        );
    }
    let (one, two) = (message(b"one"), message(b"two"));
    for (name, path, pieces) in [
        ("a message", "/a", &[&one[..]][..]),
        ("in pieces", "/a", &[&one[..2], &one[2..], &two[..6], &two[6..]]),
        ("a login", "/api/login", &[&one]),
    ] {
        let (code, body, seen) = ask(path, pieces);
        assert!(code == 200 && body == b"ok", "{name}: {code} {:?}", gate.events.all());
        assert!(seen.contains("one"), "{name}: {seen}");
    }
}

#[test]
fn a_second_gateway_on_an_address_is_an_error_unless_it_is_asked_for() {
    let upstream = Recorder::plain();
    let start = |policy: &str, listen: SocketAddr, admin: SocketAddr| {
        let inputs = Inputs {
            text: Some(policy.into()),
            upstream: vec![upstream.url()],
            listen: vec![listen],
            ..Inputs::default()
        };
        let mut policy = policy::load(&inputs).unwrap();
        policy.admin.listen = admin;
        let stores = guard::open_stores(&policy).unwrap();
        Gateway::start(Guard::new(policy, stores, FanOut::new()).unwrap(), inputs)
    };
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    for (first, second, is_fine) in [
        ("", "", false),
        ("[gateway]\nshare_port = true", "", false),
        ("", "[gateway]\nworkers = 1", false),
        ("[gateway]\nshare_port = true", "[gateway]\nshare_port = true", true),
    ] {
        let one = start(first, any, any).unwrap();
        let two = start(second, one.addresses()[0], any);
        match two {
            Ok(two) => {
                assert!(is_fine, "{first} {second}");
                two.shutdown();
            }
            Err(error) => {
                let error = error.to_string();
                assert!(!is_fine, "{first} {second}: {error}");
                assert!(error.contains(&one.addresses()[0].to_string()), "{error}");
                assert!(error.contains("another process listens there"), "{error}");
                assert!(error.contains("share_port = true"), "{error}");
            }
        }
        // The one that was there serves on.
        let answer =
            raw(one.addresses()[0], format!("GET / HTTP/1.1\r\n{HEAD}Connection: close\r\n\r\n").as_bytes());
        assert_eq!(status(&answer), 200);
        let other = start("", any, one.admin().unwrap()).err().unwrap().to_string();
        assert!(other.contains("[admin] listen") && other.contains("enabled = false"), "{other}");
        // Its address is free again when it has ended.
        let address = one.addresses()[0];
        one.shutdown();
        start("", address, any).unwrap().shutdown();
    }
}

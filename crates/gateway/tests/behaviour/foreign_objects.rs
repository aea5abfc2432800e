//! No byte of somebody else's object leaves over sockets: HTTP/1.1 and HTTP/2, an API that compresses, chunks, breaks
//! off and fails.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use proptest::prelude::*;

use crate::support::{Running, raw};
use crate::things::{Api, Ask, Manner, POLICY, ask, manner, readable};

/// The API behind a socket, and how it answers next.
struct Upstream {
    address: SocketAddr,
    state: Arc<Mutex<(Api, Manner)>>,
}

impl Upstream {
    fn start() -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new((Api::new(), Manner::Plain)));
        let shared = Arc::clone(&state);
        // It ends with the process; the connections end with the gateway.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Upstream { address, state }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<(Api, Manner)>) -> Option<()> {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let end = loop {
            if let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
            text.extend_from_slice(&piece[..count]);
        };
        let head = String::from_utf8_lossy(&text[..end]).into_owned();
        text.drain(..end);
        let mut words = head.split(' ');
        let (method, target) = (words.next()?.parse().ok()?, words.next()?.to_owned());
        let caller = if head.contains("doorward-subject: alice") || head.contains("x-api-key: alice") {
            "alice"
        } else {
            "bob"
        };
        let (sent, manner) = {
            let mut state = state.lock().unwrap();
            let (status, value) = state.0.answer(&method, &target, caller);
            (state.1.send(status, &value), state.1)
        };
        let mut answer = format!("HTTP/1.1 {} Answer\r\n", sent.status);
        for (name, value) in &sent.headers {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut answer = answer.into_bytes();
        match manner {
            Manner::Pieces => {
                answer.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
                for piece in sent.body.chunks(7) {
                    answer.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                    answer.extend_from_slice(piece);
                    answer.extend_from_slice(b"\r\n");
                }
                answer.extend_from_slice(b"0\r\n\r\n");
            }
            Manner::Broken => {
                answer
                    .extend_from_slice(format!("content-length: {}\r\n\r\n", sent.body.len() + 9).as_bytes());
                answer.extend_from_slice(&sent.body);
                stream.write_all(&answer).ok()?;
                return None;
            }
            _ => {
                answer.extend_from_slice(format!("content-length: {}\r\n\r\n", sent.body.len()).as_bytes());
                answer.extend_from_slice(&sent.body);
            }
        }
        stream.write_all(&answer).ok()?;
    }
}

/// One request over HTTP/1.1: everything that came back.
fn http1(gate: SocketAddr, caller: &str, ask: &Ask) -> Vec<u8> {
    let (method, target) = ask.request();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: api.example\r\nUser-Agent: test\r\nX-API-Key: {caller}\r\nRange: bytes=3-\r\nAccept-Encoding: gzip\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    raw(gate, request.as_bytes()).into_bytes()
}

/// The same over HTTP/2.
fn http2(gate: SocketAddr, caller: &str, ask: &Ask) -> Vec<u8> {
    let (method, target) = ask.request();
    let request = Request::builder()
        .method(method)
        .uri(format!("http://api.example{target}"))
        .header("user-agent", "test")
        .header("x-api-key", caller)
        .header("range", "bytes=3-")
        .header("accept-encoding", "gzip")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(gate).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let answer = sender.send_request(request).await.unwrap();
        let mut left = format!("{:?}", answer.headers()).into_bytes();
        let mut body = answer.into_body();
        while let Some(Ok(frame)) = body.frame().await {
            left.extend_from_slice(&frame.into_data().unwrap_or_default());
        }
        left
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_byte_of_a_foreign_object_leaves_a_socket(
        steps in prop::collection::vec((prop::bool::ANY, prop::bool::ANY, manner(), ask()), 1..25)
    ) {
        let upstream = Upstream::start();
        let gate = Running::start(POLICY, &[format!("http://{}", upstream.address)]);
        for (is_alice, is_http2, manner, ask) in steps {
            let (caller, other) = if is_alice { ("alice", "bob") } else { ("bob", "alice") };
            upstream.state.lock().unwrap().1 = manner;
            let send = if is_http2 { http2 } else { http1 };
            let text = readable(&send(gate.address, caller, &ask));
            let mark = format!("mark-of-{other}");
            prop_assert!(!text.contains(&mark), "{caller} {ask:?} {manner:?}: {text}");
            // And what is the caller's own is served, or the test would pass for a gate that serves nothing.
            if let (Manner::Plain | Manner::Pieces, Ask::List) = (manner, &ask) {
                let own = format!("mark-of-{caller}");
                prop_assert!(text.contains(&own) || upstream.state.lock().unwrap().0.has_none_of(caller), "{text}");
            }
        }
        prop_assert!(!upstream.state.lock().unwrap().0.changed_by_others);
    }
}

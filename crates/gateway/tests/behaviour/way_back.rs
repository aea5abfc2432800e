//! Answers on their way out: what cannot be read does not leave, a write changes what was judged, and an object that is
//! not there looks like one that is somebody else's.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Recorder, Running, raw, status};

pub(crate) const BOB: (&str, &str) = ("X-API-Key", "bob");

pub(crate) const KEYS: &str = "[[auth.api_key]]
subject = 'bob'
sha256 = '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9'
[rate]
limits = ['1000 per 1 minute by ip']
";

const DOCUMENT: &str = "
openapi: 3.1.0
info: { title: orders, version: '1' }
paths:
  /orders/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get: { responses: { '200': { $ref: '#/components/responses/Order' } } }
    put: { requestBody: { content: { application/json: {} } }, responses: { '200': { $ref: '#/components/responses/Order' } } }
  /free/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get: { responses: { '200': { description: anything, content: { application/json: { schema: { type: object } } } } } }
  /told/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get:
      x-doorward: { unreadable: report }
      responses: { '200': { $ref: '#/components/responses/Order' } }
components:
  responses:
    Order:
      description: an order
      content: { application/json: { schema: { type: object, properties: { id: {}, owner: {}, note: {} } } } }
";

pub(crate) fn with_document(policy: &str, upstream: &Recorder) -> (Running, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("api.yaml"), DOCUMENT).unwrap();
    let file = directory.path().join("doorward.toml");
    std::fs::write(&file, format!("{policy}\n[gateway]\nopenapi = 'api.yaml'\n")).unwrap();
    (Running::from_file(&file, &[upstream.url()]), directory)
}

/// An answer with a length.
pub(crate) fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

pub(crate) fn json(body: &str) -> Vec<u8> {
    answer("200 OK\r\nContent-Type: application/json", body.as_bytes())
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn an_answer_that_cannot_be_stripped_does_not_leave() {
    let deep = format!("{{\"id\":1,\"note\":{}1{},\"secret\":\"hush\"}}", "[".repeat(200), "]".repeat(200));
    let large = format!("{{\"id\":1,\"secret\":\"hush\",\"note\":\"{}\"}}", "x".repeat(3000));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    let typed = |kind: &str, body: &[u8]| answer(&format!("200 OK\r\nContent-Type: {kind}"), body);
    let secret = br#"{"id":1,"secret":"hush"}"#;
    let unreadable: Vec<(&str, Vec<u8>)> = vec![
        ("NaN", json(r#"{"id":NaN,"secret":"hush"}"#)),
        ("a key twice", json(r#"{"id":1,"id":2,"secret":"hush"}"#)),
        ("a byte order mark", json("\u{feff}{\"id\":1,\"secret\":\"hush\"}")),
        ("two documents", json(r#"{"id":1,"secret":"hush"} {}"#)),
        ("too deep", json(&deep)),
        ("too large", json(&large)),
        ("too large, in pieces", chunked.into_bytes()),
        (
            "an unknown coding",
            answer("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: compress", secret),
        ),
        (
            "a coding on a second line",
            answer(
                "200 OK\r\nContent-Type: application/json\r\nContent-Encoding: identity\r\nContent-Encoding: x",
                secret,
            ),
        ),
        ("another type", typed("text/plain", br#"{"id":NaN,"secret":"hush"}"#)),
        (
            "a part",
            answer(
                "206 Partial Content\r\nContent-Range: bytes 1-9/20\r\nContent-Type: application/json",
                br#"1,"secret":"hush"}"#,
            ),
        ),
    ];
    for (what, sent) in unreadable {
        let is_part = what == "a part";
        let upstream = Recorder::answering(move |_| sent.clone());
        let (gate, _directory) = with_document("[protocol]\nmax_decoded_body = '2 KiB'", &upstream);
        let answer = gate.ask("GET", "/orders/1", &[("Range", "bytes=1-9")], b"");
        // A status that is not declared has no schema; the range is taken out of the request so that there is none.
        if !is_part {
            assert_eq!(status(&answer), 502, "{what}: {answer}");
            assert!(!answer.contains("hush"), "{what}: {answer}");
            assert!(
                gate.events.has(&["\"door\":\"schema\"", "response-", "refused", "unreadable"]),
                "{what}"
            );
        }
        assert!(!upstream.take().to_ascii_lowercase().contains("range"), "{what}");
        let told = gate.get("/told/1");
        assert!(told.contains("hush"), "{what}: {told}");
        assert!(is_part || gate.events.has(&["\"door\":\"schema\"", "response-", "reported"]), "{what}");
        assert!(gate.get("/free/1").contains("hush"), "{what}: nothing is stripped there");
    }
    for (what, sent) in [
        ("its type", json(r#"{"id":1,"secret":"hush"}"#)),
        ("another JSON type", typed("text/json", secret)),
        ("plain text", typed("text/plain", secret)),
        ("PHP's default", typed("text/html; charset=UTF-8", secret)),
        ("no type", answer("200 OK", secret)),
        ("gzip", answer("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip", &gzip(secret))),
    ] {
        let upstream = Recorder::answering(move |_| sent.clone());
        let (gate, _directory) = with_document("", &upstream);
        let answer = gate.get("/orders/1");
        assert!(status(&answer) == 200 && answer.ends_with("{\"id\":1}"), "{what}: {answer}");
    }
    for (kind, body) in [
        ("text/plain", &b"[info] started {1}"[..]),
        ("text/html", b"<!doctype html><p>{\"a\":1}"),
        ("text/event-stream", b"data: {\"secret\":1}\n\n"),
        ("image/png", b"\x89PNG\r\n\x1a\n"),
        ("application/json", b"{\"id\":1,\"note\":\"x\"}"),
        ("application/json", b""),
    ] {
        let sent = typed(kind, body);
        let upstream = Recorder::answering(move |_| sent.clone());
        let (gate, _directory) = with_document("", &upstream);
        let answer = gate.get("/orders/1");
        let text = String::from_utf8_lossy(body).into_owned();
        assert!(status(&answer) == 200 && answer.ends_with(&text), "{kind}: {answer}");
    }
}

const GUARDED: &str = "[[route]]\npath = '/orders/{id}'\nowner = '/owner'\ncheck_owner_before_write = true";

#[test]
fn no_header_of_the_client_takes_the_condition_of_a_write_away() {
    const SEEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"2\"\r\nLast-Modified: Sun, 06 Nov 1994 12:00:00 GMT\r\nContent-Length: 15\r\n\r\n{\"owner\":\"bob\"}";
    let upstream = Recorder::start(SEEN);
    let (before, after) = ("Sun, 06 Nov 1994 11:00:00 GMT", "Sun, 06 Nov 1994 13:00:00 GMT");
    let passing: [&[(&str, &str)]; 14] = [
        &[],
        &[("If-Match", "*")],
        &[("If-Match", "\"2\"")],
        &[("If-Match", "\"1\", \"2\"")],
        &[("If-Match", "\"1\""), ("If-Match", "*")],
        &[("If-Match", "\"2\""), ("If-Match", "\"1\"")],
        &[("If-Match", "2")],
        &[("If_Match", "*")],
        &[("If-None-Match", "\"1\"")],
        &[("If-Unmodified-Since", after)],
        &[("If-Match", "*"), ("If-Unmodified-Since", before)],
        &[("X-Nominates", "if-match")],
        &[("X-Nominates", "if-match"), ("If-Match", "*")],
        &[("X-Nominates", "IF-MATCH, x"), ("If-Match", "\"2\"")],
    ];
    let failing: [&[(&str, &str)]; 6] = [
        &[("If-Match", "\"1\"")],
        &[("If-Match", "W/\"2\"")],
        &[("If-None-Match", "*")],
        &[("If-None-Match", "W/\"2\"")],
        &[("If-Unmodified-Since", before)],
        &[("If-Match", "*"), ("If-None-Match", "\"2\"")],
    ];
    for doors in ["", "[doors]\nprotocol = 'observe'\n", "[protocol]\nunderscore_headers = 'pass'\n"] {
        let gate = Running::start(&format!("{KEYS}{doors}{GUARDED}"), &[upstream.url()]);
        let put = |lines: &[(&str, &str)]| {
            let mut text = "PUT /orders/1 HTTP/1.1\r\nHost: api.example\r\nUser-Agent: t\r\nX-API-Key: bob\r\nContent-Length: 2\r\nContent-Type: application/json\r\n".to_owned();
            let nominated = lines.iter().find(|(name, _)| *name == "X-Nominates").map(|(_, value)| *value);
            text.push_str(&format!(
                "Connection: close{}\r\n",
                nominated.map_or(String::new(), |name| format!(", {name}"))
            ));
            for (name, value) in lines.iter().filter(|(name, _)| *name != "X-Nominates") {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            raw(gate.address, format!("{text}\r\n{{}}").as_bytes())
        };
        for lines in passing {
            let answer = put(lines);
            assert_eq!(status(&answer), 200, "{doors}{lines:?}: {answer}");
            let seen = upstream.take().to_ascii_lowercase();
            let (_, write) = seen.split_once("put ").unwrap();
            let conditions: Vec<&str> =
                write.lines().filter(|line| line.starts_with("if-") || line.starts_with("if_")).collect();
            assert_eq!(conditions, ["if-match: \"2\""], "{doors}{lines:?}: {write}");
        }
        for lines in failing {
            let answer = put(lines);
            assert_eq!(status(&answer), 412, "{doors}{lines:?}: {answer}");
            assert!(!upstream.take().contains("PUT "), "{doors}{lines:?}");
        }
        assert!(gate.events.has(&["\"rule\":\"precondition\"", "if-none-match", "refused"]));
    }
    // What has no strong tag is the API's to decide.
    let weak = Recorder::answering(|_| SEEN.replace("\"2\"", "W/\"2\"").into_bytes());
    let gate = Running::start(&format!("{KEYS}{GUARDED}"), &[weak.url()]);
    assert_eq!(status(&gate.ask("PUT", "/orders/1", &[BOB, ("If-Match", "\"1\"")], b"{}")), 200);
    assert!(weak.take().contains("if-match: \"1\""));
}

#[test]
fn an_object_that_is_not_there_looks_like_one_of_somebody_else() {
    let answers = |head: &str| {
        let foreign = br#"{"id":1,"owner":"alice"}"#;
        let html = "404 Not Found\r\nContent-Type: text/html\r\nETag: \"9\"\r\nCache-Control: max-age=60\r\nSet-Cookie: a=b\r\nVary: Accept\r\nX-Powered-By: x";
        let is = |word: &str| head.contains(word);
        if is("/orders/foreign") {
            if is("If-Match") {
                return answer("412 Precondition Failed", b"");
            }
            let status = if is("text/csv") { "406 Not Acceptable" } else { "200 OK" };
            return answer(
                &format!("{status}\r\nContent-Type: application/json\r\nETag: \"1\"\r\nServer: api"),
                foreign,
            );
        }
        if is("/orders/mine") {
            return json(r#"{"id":7,"owner":"bob"}"#);
        }
        if is("/orders/gone") {
            return answer("410 Gone", b"");
        }
        if is("/orders/silent") {
            return answer("404 Not Found", b"");
        }
        if is("/orders/chunked") {
            return b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec();
        }
        answer(html, b"<h1>no such order, see https://help.example</h1>")
    };
    let routes = format!(
        "{KEYS}{GUARDED}\n[[route]]\npath = '/batch'\nobjects = [{{ id = 'query.ids', read = '/orders/{{id}}' }}]\n\
         [[route]]\npath = '/plain/{{id}}'\n"
    );
    let upstream = Recorder::answering(answers);
    let gate = Running::start(&routes, &[upstream.url()]);
    // All but what every answer has of its own.
    let shape = |answer: &str| {
        let own = ["x-request-id:", "date:", "x-ratelimit", "ratelimit"];
        let head = answer.split("\r\n").filter(|line| !own.iter().any(|name| line.starts_with(name)));
        let text = head.collect::<Vec<_>>().join("\r\n");
        match text.split_once("urn:doorward:event:") {
            Some((before, rest)) => format!(
                "{before}{}",
                rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-')
            ),
            None => text,
        }
    };
    let none = [("Accept", "*/*")];
    let all: [&[(&str, &str)]; 5] = [
        &none,
        &[("Accept", "text/csv")],
        &[("If-Match", "*")],
        &[("Range", "bytes=900-"), ("If-None-Match", "*")],
        &[("Origin", "https://a.example")],
    ];
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        for headers in all {
            let headers = [&[BOB], headers].concat();
            let foreign = shape(&gate.ask(method, "/orders/foreign", &headers, b""));
            assert_eq!(status(&foreign), 404, "{method} {headers:?}: {foreign}");
            for id in ["missing", "gone", "silent", "chunked"] {
                let missing = shape(&gate.ask(method, &format!("/orders/{id}"), &headers, b""));
                assert_eq!(foreign, missing, "{method} {id} {headers:?}");
            }
        }
    }
    let named = |ids: &str| shape(&gate.ask("GET", &format!("/batch?ids={ids}"), &[BOB], b""));
    assert_eq!(status(&named("foreign")), 404);
    assert_eq!(named("foreign"), named("missing"));
    // What is the caller's own is served, and elsewhere the API answers in its own words.
    assert_eq!(status(&gate.ask("GET", "/orders/mine", &[BOB], b"")), 200);
    assert!(gate.ask("GET", "/plain/1", &[BOB], b"").contains("no such order"));
    assert!(gate.events.has(&["\"rule\":\"not-found\"", "rewritten", "the API answered 404"]));
    // Who tells the two apart by their status wants the API's words.
    let gate = Running::start(&format!("[ownership]\nforbidden_status = '403'\n{routes}"), &[upstream.url()]);
    assert!(gate.ask("GET", "/orders/missing", &[BOB], b"").contains("no such order"));
    assert_eq!(status(&gate.ask("GET", "/orders/foreign", &[BOB], b"")), 403);
}

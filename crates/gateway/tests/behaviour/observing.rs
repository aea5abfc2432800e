//! A door that observes changes nothing, in either direction, and says what it would have done.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::support::{Recorder, Running, status};
use crate::way_back::{BOB, KEYS, answer, gzip, json, with_document};

/// A message without the lines that every exchange has of its own.
fn comparable(message: &str) -> String {
    let own = ["x-request-id:", "date:", "x-doorward-subject:", "x-forwarded-for:"];
    let is_own = |line: &&str| own.iter().any(|name| line.to_ascii_lowercase().starts_with(name));
    let text = message.split("\r\n").filter(|line| !is_own(line)).collect::<Vec<_>>().join("\r\n");
    match text.split_once("\r\n\r\n") {
        // Where the pieces of an answer end is no part of it.
        Some((head, body)) if head.contains("transfer-encoding: chunked") => {
            let is_size = |line: &&str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
            format!("{head}\r\n\r\n{}", body.split("\r\n").filter(|line| !is_size(line)).collect::<String>())
        }
        _ => text,
    }
}

#[test]
fn doors_that_observe_change_neither_the_request_nor_the_answer() {
    let answers = |head: &str| {
        let target = head.split(' ').nth(1).unwrap_or("");
        let path = target.split('?').next().unwrap_or("").to_owned();
        let foreign = br#"{"id":1,"owner":"alice","secret":"s"}"#;
        let list = br#"[{"id":1,"owner":"alice"},{"id":2,"owner":"bob","secret":"s"}]"#;
        if head.starts_with("HEAD") {
            return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"1\"\r\nContent-Length: 37\r\n\r\n".to_vec();
        }
        match path.rsplit('/').next().unwrap_or("") {
            "foreign" => answer(
                "200 OK\r\nContent-Type: application/json\r\nETag: \"1\"\r\nCache-Control: max-age=9",
                foreign,
            ),
            "list" => json(std::str::from_utf8(list).unwrap()),
            "gzip" => {
                answer("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip", &gzip(foreign))
            }
            "coded" => {
                answer("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: compress", foreign)
            }
            "large" => {
                answer("200 OK\r\nContent-Type: application/json", &[&foreign[..], &[b' '; 3000]].concat())
            }
            "pieces" => [
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                    .to_vec(),
                b"3e8\r\n".to_vec(),
                vec![b' '; 1000],
                b"\r\n3e8\r\n".to_vec(),
                vec![b' '; 1000],
                b"\r\n0\r\n\r\n".to_vec(),
            ]
            .concat(),
            "part" => answer(
                "206 Partial Content\r\nContent-Range: bytes 3-5/37\r\nContent-Type: application/json",
                b"d\":",
            ),
            "nan" => json("{\"id\":NaN,\"secret\":\"s\"}"),
            "twice" => json("{\"owner\":\"alice\",\"owner\":\"bob\"}"),
            "page" => {
                answer("200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=b\r\nServer: x", b"<b>page</b>")
            }
            "events" => answer("200 OK\r\nContent-Type: text/event-stream", b"data: 1\n\n"),
            "moved" => answer("302 Found\r\nLocation: https://files.example/x", b""),
            "same" => b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n".to_vec(),
            "conflict" => answer("409 Conflict\r\nContent-Type: application/json", foreign),
            "missing" => {
                answer("404 Not Found\r\nContent-Type: application/json\r\nVary: x", b"{\"detail\":\"no\"}")
            }
            "broken" => answer("500 Internal Server Error\r\nContent-Type: text/plain", b"Traceback"),
            _ => json("{}"),
        }
    };
    let mode = |mode: &str| {
        let doors = [
            "protocol",
            "network",
            "cors",
            "rate",
            "authentication",
            "schema",
            "injection",
            "ownership",
            "headers",
            "cookies",
        ];
        let doors: String = doors.iter().map(|door| format!("{door} = '{mode}'\n")).collect();
        format!(
            "{KEYS}[doors]\n{doors}[protocol]\nmax_decoded_body = '1 KiB'\n[network]\ndeny = ['127.0.0.0/8']\n\
             [[route]]\npath = '/orders/{{id}}'\nowner = '/owner'\ncheck_owner_before_write = true\nroles = ['x']\n\
             objects = [{{ id = 'query.ids', read = '/orders/{{id}}' }}]\nbind = {{ 'query.user' = 'sub' }}\n\
             sanitize = {{ note = 'strip' }}\nremember = {{ order = ['/id'] }}\n"
        )
    };
    let upstream = Recorder::answering(answers);
    let (off, _one) = with_document(&mode("off"), &upstream);
    let (observing, _other) = with_document(&mode("observe"), &upstream);
    let pairs = [BOB, ("Accept-Encoding", "gzip, br"), ("Range", "bytes=3-5"), ("If-None-Match", "\"1\"")];
    let more = [
        ("If-Modified-Since", "Sun, 06 Nov 1994 11:59:59 GMT"),
        ("If-Range", "\"1\""),
        ("If-Match", "*"),
        ("Cookie", "a=1; session=x"),
        ("Origin", "https://evil.example"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Forwarded-User", "admin"),
        ("Q", "1' OR '1'='1"),
    ];
    let headers = [&pairs[..], &more].concat();
    let objects = [
        "foreign", "list", "gzip", "coded", "large", "pieces", "part", "nan", "twice", "page", "events",
        "moved", "same", "conflict", "missing", "broken",
    ];
    let mut requests: Vec<(&str, String, Vec<u8>)> = Vec::new();
    for object in objects {
        requests.push(("GET", format!("/orders/{object}?user=alice&extra=1"), vec![]));
        requests.push(("HEAD", format!("/orders/{object}"), vec![]));
    }
    let bodies: [&[u8]; 5] = [
        br#"{"note":"<b>x</b>","role":"admin"}"#,
        br#"{"a":1,"a":2}"#,
        b"a=1' OR '1'='1",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        b"\xff\xfe\0",
    ];
    for body in bodies {
        requests.push(("PUT", "/orders/foreign".into(), body.to_vec()));
        requests.push(("POST", "/undeclared?q=%3Cscript%3Ealert(1)%3C/script%3E".into(), body.to_vec()));
    }
    for kind in
        ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=B", ""]
    {
        for (method, target, body) in &requests {
            if body.is_empty() && kind != "application/json" {
                continue;
            }
            let headers = [&headers[..], &[("Content-Type", kind)]].concat();
            let mut seen = Vec::new();
            for gate in [&off, &observing] {
                let answer = comparable(&gate.ask(method, target, &headers, body));
                let sent = comparable(&upstream.take());
                // Reading the object first is how the door knows what it would do.
                let at =
                    sent.find(&format!("{method} {target}")).unwrap_or_else(|| panic!("{target}: {answer}"));
                seen.push((sent.split_at(at).1.to_owned(), answer));
            }
            assert_eq!(seen[0], seen[1], "{method} {target} {kind}");
        }
    }
    for words in [
        ["\"rule\":\"owner\"", "would-refuse"],
        ["\"rule\":\"owner-unreadable\"", "would-refuse"],
        ["\"rule\":\"owner-filter\"", "would-rewrite"],
        ["\"rule\":\"not-found\"", "would-rewrite"],
        ["\"rule\":\"response-property\"", "would-rewrite"],
        ["\"rule\":\"response-unreadable\"", "would-refuse"],
    ] {
        assert!(observing.events.has(&words), "{words:?}");
    }
}

#[test]
fn a_door_that_observes_does_not_keep_another_from_its_work() {
    let upstream = Recorder::start(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{\"id\":1,\"owner\":\"alice\",\"secret\":\"hush\"}",
    );
    let (gate, _directory) = with_document(
        &format!(
            "{KEYS}[doors]\nownership = 'observe'\n[[route]]\npath = '/orders/{{id}}'\nowner = '/owner'"
        ),
        &upstream,
    );
    let answer = gate.ask("GET", "/orders/1", &[BOB], b"");
    assert!(status(&answer) == 200 && answer.contains("alice") && !answer.contains("hush"), "{answer}");
    assert!(gate.events.has(&["\"rule\":\"owner\"", "would-refuse"]));
}

/// An observing door neither waits for the end of an answer that stalls, nor hides that one breaks off.
#[test]
fn an_answer_that_stalls_or_breaks_off_does_so_under_a_door_that_observes() {
    const START: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"id\"";
    let stalls = Recorder::answering(|_| START.to_vec());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let breaks = format!("http://{}", listener.local_addr().unwrap());
    // It ends with the process.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(START);
        }
    });
    for (what, upstream) in [("stalls", stalls.url()), ("breaks off", breaks)] {
        for (mode, expected) in [("observe", "{\"id\""), ("enforce", "502 Bad Gateway")] {
            let policy = format!(
                "{KEYS}[doors]\nownership = '{mode}'\n[gateway.timeouts]\nupstream = '300 ms'\n[[route]]\npath = '/x'\nowner = '/owner'"
            );
            let gate = Running::start(&policy, std::slice::from_ref(&upstream));
            let answer = gate.ask("GET", "/x", &[BOB], b"");
            assert!(answer.contains(expected), "{what} {mode}: {answer}");
        }
    }
}

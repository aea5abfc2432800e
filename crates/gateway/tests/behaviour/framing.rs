//! What the upstream gets can be read in one way only.

use crate::support::{Recorder, Running, status};

#[test]
fn ambiguous_requests_never_reach_the_upstream() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let head = "POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\n";
    let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\n\r\n";
    let mut streams: Vec<String> = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5,5",
        "Content-Length: +5",
        "Content-Length: 5 5",
        "Content-Length : 5",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "X: \0",
        "X\0: y",
        " X: y",
        "Host: b",
        "NoColon",
    ]
    .iter()
    .map(|line| format!("{head}{line}\r\n\r\n{smuggled}"))
    .collect();
    streams.extend([
        "GET /\r\n\r\n".to_owned(),
        "GET / HTTP/0.9\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\nHost: a\n\n".to_owned(),
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "GET http://b/ HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\n\r\n".to_owned(),
        "GET /a%00b HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\n\r\n".to_owned(),
        "GET /%2e%2e/b HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\n\r\n".to_owned(),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\nhelloworld\r\n0\r\n\r\n"),
    ]);
    for stream in &streams {
        let answer = gate.raw(stream.as_bytes());
        let refused = answer.is_empty() || (400..=505).contains(&status(&answer));
        assert!(refused, "{stream:?} was answered with {answer}");
        assert_eq!(upstream.take(), "", "{stream:?} reached the upstream");
    }
    assert_eq!(status(&gate.get("/still-serving")), 200);
}

#[test]
fn a_refused_head_does_not_spoil_the_answers_before_it() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let stream = "GET /one HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /three HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\n\r\n";
    let answer = gate.raw(stream.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("HTTP/1.1 400"), "{answer}");
    let seen = upstream.take();
    assert!(seen.contains("GET /one ") && !seen.contains("/two") && !seen.contains("/three"), "{seen}");
    assert!(gate.events.has(&["framing-host", "refused"]));
}

#[test]
fn what_passes_is_normalised_once() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let stream = "POST //a///%62%7e/%c3%a9?q=a+b HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nContent_Length: 99\r\nX_Forwarded_For: 1.2.3.4\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-Http-Method-Override: DELETE\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(status(&gate.raw(stream.as_bytes())), 200);
    let seen = upstream.take();
    assert!(seen.starts_with("POST /a/b~/%C3%A9?q=a+b HTTP/1.1\r\n"), "{seen}");
    assert!(seen.to_lowercase().contains("content-length: 5") && seen.ends_with("\r\n\r\nhello"), "{seen}");
    for gone in ["content_length", "x_forwarded_for", "x-hop", "override", "transfer-encoding"] {
        assert!(!seen.to_lowercase().contains(gone), "{gone}: {seen}");
    }
}

#[test]
fn what_has_no_one_reading_is_refused_whatever_the_doors_do() {
    let upstream = Recorder::plain();
    let off = ["protocol", "network", "cors", "rate", "authentication", "schema", "injection", "ownership"];
    let policy = off.iter().map(|door| format!("{door} = 'off'\n")).collect::<String>();
    let gate = Running::start(&format!("[doors]\n{policy}"), &[upstream.url()]);
    for stream in ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n"]
    {
        assert_eq!(status(&gate.raw(stream.as_bytes())), 400, "{stream:?}");
        assert_eq!(upstream.take(), "");
    }
    assert_eq!(status(&gate.raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")), 200);
}

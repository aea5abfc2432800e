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

/// Spellings of a length and of a coding, each of which some server somewhere accepts.
#[test]
fn no_spelling_of_two_lengths_reaches_the_upstream() {
    let upstream = Recorder::plain();
    let gate = Running::start("[rate]\nlimits = []", &[upstream.url()]);
    let codings = [
        "Transfer-Encoding: chunked",
        "transfer-encoding: CHUNKED",
        "Transfer-Encoding: chunked ",
        "Transfer-Encoding:chunked",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: 'chunked'",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding\t: chunked",
        "Transfer-Encoding: \tchunked",
        "Transfer_Encoding: chunked",
        "Transfer.Encoding: chunked",
        "X-Transfer-Encoding: chunked",
        "Transfer-Encoding: chunk",
        "Transfer-Encoding:",
        "Transfer-Encoding: c\u{ff}hunked",
        "TransferEncoding: chunked",
    ];
    let lengths = [
        "Content-Length: 5",
        "content-length: 5",
        "Content-Length: 05",
        "Content-Length: 5 ",
        "Content_Length: 5",
        "Content-Length: -5",
        "Content-Length: 5\r\nContent-Length: 50",
        "",
    ];
    for coding in codings {
        for length in lengths {
            for (first, second) in [(coding, length), (length, coding)] {
                let lines = format!("{first}\r\n{second}").trim().to_owned();
                let stream = format!(
                    "POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n{lines}\r\n\r\n0\r\n\r\nGET /smuggled"
                );
                gate.raw(stream.as_bytes());
                let seen = upstream.take();
                let plain = seen.to_lowercase();
                assert!(
                    seen.matches(" HTTP/1.1\r\n").count() <= 1 && !seen.contains("GET /smuggled "),
                    "{stream:?} became {seen:?}"
                );
                for odd in ["transfer-encoding", "transfer_", "transfer.", "content_"] {
                    assert!(!plain.contains(&format!("\n{odd}")), "{stream:?} became {seen:?}");
                }
                assert!(plain.matches("\ncontent-length:").count() <= 1, "{stream:?} became {seen:?}");
            }
        }
    }
}

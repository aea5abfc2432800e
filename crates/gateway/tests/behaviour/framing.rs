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
fn what_passes_is_one_message_and_its_escapes_are_as_they_came() {
    let upstream = Recorder::plain();
    let gate = Running::start("", &[upstream.url()]);
    let stream = "POST //a///%62%7e/%c3%a9?q=a+b HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nContent_Length: 99\r\nX_Forwarded_For: 1.2.3.4\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-Http-Method-Override: DELETE\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    assert_eq!(status(&gate.raw(stream.as_bytes())), 200);
    let seen = upstream.take();
    assert!(seen.starts_with("POST /a///%62%7e/%c3%a9?q=a+b HTTP/1.1\r\n"), "{seen}");
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

/// The requests in what an upstream got, read by the letter of RFC 9112; an error names what has a second reading.
fn readings(seen: &[u8]) -> Result<usize, String> {
    let mut rest = seen;
    let mut requests = 0;
    while !rest.is_empty() {
        let end = rest.windows(4).position(|w| w == b"\r\n\r\n").ok_or("a head without an end")?;
        let head: String = rest[..end].iter().map(|byte| char::from(*byte)).collect();
        let mut lines = head.split("\r\n");
        let words: Vec<&str> = lines.next().unwrap_or("").split(' ').collect();
        let [method, target, "HTTP/1.1"] = words[..] else { return Err(format!("request line {words:?}")) };
        if !method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-') || !target.starts_with('/') {
            return Err(format!("request line {words:?}"));
        }
        let path = target.split('?').next().unwrap_or("").to_ascii_lowercase();
        if path.contains("%2e") || path.contains("%00") || path.split('/').any(|s| s == "." || s == "..") {
            return Err(format!("target {target}"));
        }
        let (mut lengths, mut hosts) = (Vec::new(), 0);
        for line in lines {
            let (name, value) = line.split_once(':').ok_or_else(|| format!("line {line:?}"))?;
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !name.is_empty();
            if !plain || value.bytes().any(|b| (b < 0x20 && b != b'\t') || b == 0x7f) {
                return Err(format!("line {line:?}"));
            }
            match name.to_ascii_lowercase().as_str() {
                "content-length" => lengths.push(value.trim().parse::<usize>().map_err(|e| e.to_string())?),
                "transfer-encoding" => return Err(format!("line {line:?}")),
                "host" => hosts += 1,
                _ => {}
            }
        }
        if lengths.len() > 1 || hosts != 1 {
            return Err(format!("{lengths:?} lengths, {hosts} hosts"));
        }
        let whole = end + 4 + lengths.first().unwrap_or(&0);
        rest = rest.get(whole..).ok_or("a body that is shorter than its length")?;
        requests += 1;
    }
    Ok(requests)
}

/// A request with one line that names a length or a coding, spoilt by one byte in one place.
fn spoilt(line: &str, place: usize, byte: u8) -> Vec<u8> {
    let mut line = line.as_bytes().to_vec();
    line.insert(place.min(line.len()), byte);
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n";
    let body = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    [&head[..], &line, b"\r\nX-Last: 1\r\n\r\n", body, &[b' '; 100]].concat()
}

#[test]
fn whatever_byte_is_put_anywhere_the_upstream_reads_one_request_or_none() {
    let upstream = Recorder::plain();
    let gate = Running::start("[rate]\nlimits = []", &[upstream.url()]);
    let mut streams: Vec<Vec<u8>> = Vec::new();
    for (line, places) in [
        ("Transfer-Encoding: chunked", [0, 8, 17, 18, 19, 22, 26]),
        ("Content-Length: 5", [0, 7, 14, 15, 16, 17, 17]),
        ("X-Other: value", [0, 3, 7, 8, 9, 11, 14]),
    ] {
        for place in places {
            streams.extend(
                (0..=255)
                    .filter(|b| b % 3 == 0 || *b < 0x30 || *b > 0x7a)
                    .map(|byte| spoilt(line, place, byte)),
            );
        }
    }
    for target in [
        "/.",
        "/..",
        "/a/.",
        "/%2e",
        "/%2E%2e/b",
        "/.%2e",
        "/a/..;b",
        "/%252e",
        "/%c0%ae",
        "/..%2f",
        "/..%5c",
        "/...",
        "/a..b",
    ] {
        for version in [
            "HTTP/1.1",
            "HTTP/1.0",
            "HTTP/0.9",
            "HTTP/1.2",
            "HTTP/2.0",
            "http/1.1",
            "HTTP/1.10",
            "HTTP/01.1",
            "HTTP/1",
            "",
        ] {
            for method in ["GET", "get", "G\u{e9}T", "GE_T", "M-SEARCH"] {
                streams.push(
                    format!(
                        "{method} {target} {version}\r\nHost: a\r\nUser-Agent: t\r\nConnection: close\r\n\r\n"
                    )
                    .into_bytes(),
                );
            }
        }
    }
    for stream in &streams {
        gate.raw(stream);
        let seen = upstream.take_bytes();
        let requests = readings(&seen);
        let (sent, seen) = (String::from_utf8_lossy(stream), String::from_utf8_lossy(&seen));
        assert!(matches!(requests, Ok(0 | 1)), "{sent:?} became {seen:?}: {requests:?}");
    }
    assert_eq!(status(&gate.get("/still-serving")), 200);
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

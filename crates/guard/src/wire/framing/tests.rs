use super::*;

const LIMITS: HeadLimits = HeadLimits { bytes: 4096, fields: 20 };

/// What passes of a stream that comes in pieces of some size, or the error that ends it.
fn run(stream: &[u8], piece: usize) -> Result<Vec<u8>, FramingError> {
    let mut sentinel = Sentinel::new(LIMITS);
    let mut buffer: Vec<u8> = Vec::new();
    let mut passed = Vec::new();
    for part in stream.chunks(piece) {
        buffer.extend_from_slice(part);
        loop {
            match sentinel.scan(&buffer) {
                Scan::Pass(count) => passed.extend(buffer.drain(..count)),
                Scan::Skip(count) => drop(buffer.drain(..count)),
                Scan::More => break,
                Scan::Refuse(error) => return Err(error),
            }
        }
    }
    Ok(passed)
}

#[test]
fn ordinary_streams_pass_in_any_pieces() {
    let stream = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n\
        POST / HTTP/1.1\r\nhost: x\r\nContent-Length: 5\r\n\r\nhello\
        POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:  chunked \r\n\r\n5\r\nhel\n\r\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n\
        GET / HTTP/1.0\r\nX-Utf8: \xc3\xa9\r\n\r\n";
    for piece in [1, 2, 3, 7, 64, 4096] {
        assert_eq!(run(stream, piece).as_deref(), Ok(&stream[..]), "pieces of {piece}");
    }
}

#[test]
fn an_empty_line_before_a_request_is_left_out() {
    assert_eq!(run(b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 5).unwrap()[..3], *b"GET");
    assert_eq!(run(b"\r\n\r\n\r\n\r\nGET", 5), Err(FramingError::BareLineBreak));
}

#[test]
fn ambiguous_heads_are_refused() {
    use FramingError::*;
    let cases: &[(&[u8], FramingError)] = &[
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Tls),
        (b"\x16GET / HTTP/1.1\r\n", RequestLine),
        (b"GET / HTTP/1.1\nHost: x\n\n", BareLineBreak),
        (b"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", BareLineBreak),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", BareLineBreak),
        (b"GET /\r\n\r\n", RequestLine),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", RequestLine),
        (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", RequestLine),
        (b"GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", RequestLine),
        (b"GET /<a> HTTP/1.1\r\nHost: x\r\n\r\n", RequestLine),
        (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", RequestLine),
        (b"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", RequestLine),
        (b" GET / HTTP/1.1\r\nHost: x\r\n\r\n", RequestLine),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", Version),
        (b"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", RequestLine),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\nHost: x\r\n A: b\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\nHost: x\r\nnocolon\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n", HeaderLine),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00\r\n\r\n", Control),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: \x0bchunked\r\n\r\n", Control),
        (b"GET / HTTP/1.1\r\n\r\n", Host),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", Host),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", ContentLength),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello", ContentLength),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello", ContentLength),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello", ContentLength),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n", ContentLength),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", ContentLength),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            TwoLengths,
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            TwoLengths,
        ),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n", TransferEncoding),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", TransferEncoding),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
            TransferEncoding,
        ),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", TransferEncoding),
        (b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", TransferEncoding),
    ];
    for (stream, error) in cases {
        for piece in [1, 4096] {
            assert_eq!(run(stream, piece), Err(*error), "{}", String::from_utf8_lossy(stream));
        }
    }
}

#[test]
fn odd_chunks_are_refused() {
    let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "+5\r\nhello\r\n",
        "0x5\r\n",
        "5;a=b\r\n",
        "5 \r\n",
        " 5\r\n",
        "\r\n",
        "5\nhello",
        "5\r\nhelloX\r\n",
        "g\r\n",
        "FFFFFFFFFFFFFFFFF\r\n",
        "0\r\nA b\r\n\r\n",
        "0\r\n a\r\n\r\n",
    ] {
        let stream = format!("{head}{body}");
        assert!(run(stream.as_bytes(), 4096).is_err(), "{body:?}");
    }
}

#[test]
fn heads_are_bounded() {
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}", "a".repeat(5000));
    assert_eq!(run(long.as_bytes(), 100), Err(FramingError::TooLarge));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(30));
    assert_eq!(run(many.as_bytes(), 4096), Err(FramingError::TooLarge));
}

#[test]
fn what_follows_an_upgrade_waits_for_the_answer() {
    let mut sentinel = Sentinel::new(LIMITS);
    let head = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
    assert_eq!(sentinel.scan(head), Scan::Pass(head.len()));
    assert!(sentinel.is_undecided());
    assert_eq!(sentinel.scan(b"\x81\x00"), Scan::More);
    sentinel.tunnel();
    assert_eq!(sentinel.scan(b"\x81\x00"), Scan::Pass(2));
}

#[test]
fn every_target_that_passes_is_a_uri_for_the_parser_behind() {
    for byte in 0..=255u8 {
        let target = [b"/a", &[byte][..], b"b"].concat();
        let head = [b"GET ", &target[..], b" HTTP/1.1\r\nHost: x\r\n\r\n"].concat();
        if run(&head, 4096).is_ok_and(|passed| !passed.is_empty()) && byte.is_ascii() {
            assert!(http::Uri::try_from(&target[..]).is_ok(), "byte {byte:#x}");
        }
    }
}

//! A raw request, as it is sent over HTTP/1.1.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::request::{RequestError, build, header_name};

/// Parses the text of a request. Lines may end in LF, as editors write them.
pub(crate) fn parse(text: &[u8]) -> Result<Request<Full<Bytes>>, RequestError> {
    let (head, body) = split(text);
    let head = std::str::from_utf8(head).map_err(|_| RequestError::Encoding)?;
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or("").split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(RequestError::RequestLine);
    };
    let mut headers = Vec::new();
    for line in lines {
        let header = line.split_once(':').ok_or_else(|| RequestError::HeaderLine(line.to_owned()))?;
        header_name(header.0)?;
        headers.push(header);
    }
    // An editor's last line break is not part of the body.
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    build(method, target, &headers, Bytes::copy_from_slice(body))
}

/// Splits at the first empty line.
fn split(text: &[u8]) -> (&[u8], &[u8]) {
    let gaps = [&b"\r\n\r\n"[..], b"\n\n"]
        .into_iter()
        .filter_map(|gap| text.windows(gap.len()).position(|window| window == gap).map(|at| (at, gap.len())));
    let Some((at, length)) = gaps.min() else { return (text, b"") };
    let (head, rest) = text.split_at(at);
    (head, rest.get(length..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::shown;

    #[tokio::test]
    async fn a_request_is_read_with_either_line_end() {
        for (text, expected) in [
            ("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a?b=c host=x content-type= "),
            ("GET / HTTP/1.1\nUser-Agent: me\n\n", "GET / host=api.example content-type= "),
            ("GET /", "GET / host=api.example content-type= "),
            ("GET http://h:1/a HTTP/1.1\n", "GET http://h:1/a host=h:1 content-type= "),
            ("POST / HTTP/1.1\nContent-Type:  a/b \n\nx\n", "POST / host=api.example content-type=a/b x"),
            ("POST / HTTP/1.1\n\nx\r\n\r\ny\n\n", "POST / host=api.example content-type= x\\r\\n\\r\\ny\\n"),
        ] {
            let request = parse(text.as_bytes()).unwrap();
            assert_eq!(shown(request, &["host", "content-type"]).await, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_request_says_why() {
        for (text, expected) in [
            (&b""[..], RequestError::RequestLine),
            (b"GET\n\n", RequestError::RequestLine),
            (b"GET / HTTP/1.1\nno colon\n\n", RequestError::HeaderLine("no colon".into())),
            (b"GET / HTTP/1.1\na b: c\n\n", RequestError::HeaderName("a b".into())),
            (b"GET /\xff HTTP/1.1\n\n", RequestError::Encoding),
        ] {
            assert_eq!(parse(text).unwrap_err(), expected, "{}", text.escape_ascii());
        }
        assert!(matches!(parse(b"G@T / HTTP/1.1\n\n"), Err(RequestError::Http(_))));
    }
}

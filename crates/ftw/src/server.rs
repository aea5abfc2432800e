//! The server that such suites expect: it refuses malformed requests before any rule runs, and at `/reflect` it responds
//! as the request describes.

use serde_json::Value;

use crate::bytes::split_once;

/// A request as a web server reads it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) protocol: Vec<u8>,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v.as_slice())
    }
}

/// The end of the first message, once all of it is there.
pub(crate) fn end(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(bytes.get(..head)?).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    Some(head + length.unwrap_or(0)).filter(|end| *end <= bytes.len())
}

/// Reads a request. `None` where a server answers 400 (RFC 9112 §2.2, §3, §5, §6.3).
pub(crate) fn read(bytes: &[u8]) -> Option<Request> {
    let (line, mut rest) = split_line(bytes)?;
    let words: Vec<&[u8]> = line.split(|b| *b == b' ').collect();
    let (method, target, protocol) = match words[..] {
        [method, target, protocol] => (method, target, protocol),
        // HTTP/0.9 names no version.
        [method, target] => (method, target, &b""[..]),
        _ => return None,
    };
    let is_token = |text: &[u8]| {
        !text.is_empty() && text.iter().all(|b| b.is_ascii_graphic() && !b"(),/:;<=>?@[\\]{}\"".contains(b))
    };
    if !is_token(method) || !is_version(protocol) {
        return None;
    }
    let authority = method == b"CONNECT" && target.contains(&b':');
    let origin = target.starts_with(b"/") && !target.contains(&b'#');
    let absolute = target.windows(3).any(|w| w == b"://") && !target.contains(&b'#');
    if !authority && !origin && !absolute && target != b"*" {
        return None;
    }
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    loop {
        let (line, after) = split_line(rest)?;
        rest = after;
        if line.is_empty() {
            break;
        }
        let (name, value) = split_once(line, b':')?;
        let value = value.trim_ascii();
        if !is_token(name) || value.contains(&b'\r') || value.contains(&0) {
            return None;
        }
        match headers.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            // Lines of one name are one field (RFC 9110 §5.3).
            Some((_, known)) if !name.eq_ignore_ascii_case(b"cookie") => {
                known.extend_from_slice(b", ");
                known.extend_from_slice(value);
            }
            _ => headers.push((name.to_vec(), value.to_vec())),
        }
    }
    let mut request = Request {
        method: method.to_vec(),
        target: target.to_vec(),
        protocol: protocol.to_vec(),
        headers,
        body: Vec::new(),
    };
    let host = request.header("host");
    let is_host = |host: &[u8]| host.iter().all(|b| b.is_ascii_alphanumeric() || b"-._:[]~".contains(b));
    let needs_host = protocol == b"HTTP/1.1";
    if host.is_some_and(|host| !is_host(host) || (host.is_empty() && needs_host)) {
        return None;
    }
    if request.header("transfer-encoding").is_some() {
        // Transfer-Encoding overrides Content-Length (RFC 9112 §6.3).
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
        request.body = chunks(rest);
    } else if let Some(length) = request.header("content-length") {
        let length: usize = std::str::from_utf8(length)
            .ok()
            .filter(|l| l.bytes().all(|b| b.is_ascii_digit()))?
            .parse()
            .ok()?;
        request.body = rest.get(..length).unwrap_or(rest).to_vec();
    }
    Some(request)
}

/// Versions from 1.0 on, and the absent version of HTTP/0.9.
fn is_version(protocol: &[u8]) -> bool {
    match protocol.strip_prefix(b"HTTP/") {
        Some([major, b'.', minor]) => (b'1'..=b'9').contains(major) && minor.is_ascii_digit(),
        _ => protocol.is_empty(),
    }
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, rest) = split_once(bytes, b'\n')?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

/// The body of a chunked message.
fn chunks(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some((line, after)) = split_line(rest) {
        let size = std::str::from_utf8(line)
            .ok()
            .and_then(|l| usize::from_str_radix(l.trim(), 16).ok())
            .unwrap_or(0);
        if size == 0 {
            break;
        }
        let (chunk, after) = after.split_at(size.min(after.len()));
        body.extend_from_slice(chunk);
        rest = split_line(after).map_or(&[][..], |(_, rest)| rest);
    }
    body
}

/// The response of the test's API: at `/reflect` the one that the request describes, elsewhere an empty one.
pub(crate) fn respond(request: &Request) -> Response {
    let plain = || Response {
        status: 200,
        headers: vec![(b"content-type".to_vec(), b"text/plain".to_vec())],
        body: Vec::new(),
    };
    let path = split_once(&request.target, b'?').map_or(&request.target[..], |(path, _)| path);
    if path != b"/reflect" {
        return plain();
    }
    let Ok(described) = serde_json::from_slice::<Value>(&request.body) else { return plain() };
    let mut response = plain();
    if let Some(status) = described.get("status").and_then(Value::as_u64) {
        response.status = u16::try_from(status).unwrap_or(200);
    }
    if let Some(Value::Object(headers)) = described.get("headers") {
        for (name, value) in headers {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            response.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name.as_bytes()));
            response.headers.push((name.clone().into_bytes(), value.into_bytes()));
        }
    }
    if let Some(body) = described.get("body").and_then(Value::as_str) {
        response.body = body.as_bytes().to_vec();
    }
    if let Some(encoded) = described.get("encodedBody").and_then(Value::as_str) {
        use base64::Engine;
        response.body = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_request_is_answered_with_400() {
        for (bytes, accepted) in [
            (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], true),
            (b"GET /\r\n\r\n", true),
            (b"OPTIONS * HTTP/1.0\r\n\r\n", true),
            (b"CONNECT a:1 HTTP/1.0\r\n\r\n", true),
            (b"GET http://a/ HTTP/1.0\r\n\r\n", true),
            (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", false),
            (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", false),
            (b"GET /#a HTTP/1.0\r\n\r\n", false),
            (b"GET a HTTP/1.0\r\n\r\n", false),
            (b"GET / HTTP/0.9\r\n\r\n", false),
            (b"G T / HTTP/1.0\r\n\r\n", false),
            (b"GET / HTTP/1.0\r\na b: c\r\n\r\n", false),
            (b"GET / HTTP/1.0\r\na: \0\r\n\r\n", false),
            (b"GET / HTTP/1.0\r\nContent-Length: -1\r\n\r\n", false),
            (b"GET / HTTP/1.0\r\n", false),
            (b"", false),
        ] {
            assert_eq!(read(bytes).is_some(), accepted, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        for (head, rest, body) in [
            ("Content-Length: 2", &b"abc"[..], &b"ab"[..]),
            ("Content-Length: 9", b"abc", b"abc"),
            ("Transfer-Encoding: chunked\r\nContent-Length: 1", b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc"),
            ("Transfer-Encoding: chunked", b"9\r\nab", b"ab"),
            ("A: b", b"abc", b""),
        ] {
            let request =
                read(&[format!("POST / HTTP/1.0\r\n{head}\r\n\r\n").as_bytes(), rest].concat()).unwrap();
            assert_eq!(request.body, body, "{head}");
        }
    }
}

//! The bytes of a test's request, built as `go-ftw` builds them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::bytes::split_once;
use crate::suite::Input;

/// The bytes of a request, with the headers that a client adds.
pub(crate) fn bytes(input: &Input) -> Result<Vec<u8>, String> {
    let decode = |text: &str| {
        let text: String = text.split_whitespace().collect();
        STANDARD.decode(text).map_err(|e| format!("not Base64: {e}"))
    };
    if let Some(encoded) = &input.encoded_request {
        return decode(encoded);
    }
    let mut headers: Vec<(String, String)> =
        input.headers.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
    headers.extend(input.ordered_headers.iter().map(|h| (h.name.clone(), h.value.to_string())));
    let has =
        |headers: &[(String, String)], name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let completes = input.autocomplete_headers.unwrap_or(true);
    let method = input.method.as_deref().unwrap_or("GET");
    let mut data = match (&input.data, &input.encoded_data) {
        (Some(data), _) => repeated(data).into_bytes(),
        (None, Some(encoded)) => decode(encoded)?,
        (None, None) => Vec::new(),
    };
    if completes && !data.is_empty() {
        if !has(&headers, "content-type") {
            headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
        }
        if header(&headers, "content-type") == Some("application/x-www-form-urlencoded") && is_plain(&data) {
            data = encode(&data);
        }
    }
    // The lines of a multipart body end in CRLF, which YAML does not keep.
    if header(&headers, "content-type").is_some_and(|kind| kind.starts_with("multipart/form-data;")) {
        data = crlf(&data);
    }
    if completes {
        if !has(&headers, "connection") {
            headers.push(("Connection".into(), "close".into()));
        }
        let has_body = !data.is_empty() || ["POST", "PUT", "PATCH", "DELETE"].contains(&method);
        if has_body && !has(&headers, "content-length") {
            headers.push(("Content-Length".into(), data.len().to_string()));
        }
    }
    let (uri, version) =
        (input.uri.as_deref().unwrap_or("/"), input.version.as_deref().unwrap_or("HTTP/1.1"));
    let mut out = format!("{method} {uri} {version}\r\n").into_bytes();
    for (name, value) in headers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&data);
    Ok(out)
}

/// Expands `{{ "1" | repeat 3 }}` to `111`, the only template that suites use.
fn repeated(data: &str) -> String {
    let Some((before, rest)) = data.split_once("{{ \"") else { return data.to_owned() };
    let Some((template, after)) = rest.split_once(" }}") else { return data.to_owned() };
    match template.split_once("\" | repeat ").map(|(text, count)| (text, count.trim().parse())) {
        Some((text, Ok(count))) => [before, &text.repeat(count), &repeated(after)].concat(),
        _ => data.to_owned(),
    }
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Whether a form is not encoded yet: decoding changes nothing.
fn is_plain(data: &[u8]) -> bool {
    !data.contains(&b'+') && percent_encoding::percent_decode(data).eq(data.iter().copied())
}

/// Encodes the names and values of a form.
fn encode(data: &[u8]) -> Vec<u8> {
    let encode = |part: &[u8]| form_urlencoded::byte_serialize(part).collect::<String>();
    let pairs = data.split(|b| *b == b'&').map(|pair| match split_once(pair, b'=') {
        Some((name, value)) => format!("{}={}", encode(name), encode(value)),
        None => encode(pair),
    });
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}

/// Ends every line with CRLF.
fn crlf(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 64);
    for line in data.split_inclusive(|b| *b == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => {
                out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_completed_as_a_client_completes_it() {
        for (name, yaml, expected) in [
            ("nothing set", "{}", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
            ("not completed", "{autocomplete_headers: false, version: HTTP/1.0}", "GET / HTTP/1.0\r\n\r\n"),
            (
                "headers in order",
                "{headers: {B: 1, A: x}, ordered_headers: [{name: Z, value: 1}, {name: Y}], autocomplete_headers: false}",
                "GET / HTTP/1.1\r\nA: x\r\nB: 1\r\nZ: 1\r\nY: \r\n\r\n",
            ),
            (
                "a form is encoded",
                "{method: POST, data: 'a=b c&d'}",
                "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\
                 Content-Length: 7\r\n\r\na=b+c&d",
            ),
            (
                "an encoded form is not encoded again",
                "{method: POST, data: 'a=b%20c'}",
                "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\
                 Content-Length: 7\r\n\r\na=b%20c",
            ),
            (
                "multipart",
                "{headers: {Content-Type: multipart/form-data; boundary=a, Content-Length: 1}, data: \"--a\\n\\r\\n\"}",
                "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Type: multipart/form-data; boundary=a\r\n\
                 Connection: close\r\n\r\n--a\r\n\r\n",
            ),
            (
                "a template",
                "{data: 'a={{ \"1\" | repeat 3 }}', autocomplete_headers: false}",
                "GET / HTTP/1.1\r\n\r\na=111",
            ),
            (
                "Base64 of a body",
                "{encoded_data: aGk=, autocomplete_headers: false}",
                "GET / HTTP/1.1\r\n\r\nhi",
            ),
            ("Base64 of everything", "{encoded_request: aGk=}", "hi"),
        ] {
            let input: Input = serde_saphyr::from_str(yaml).unwrap();
            assert_eq!(String::from_utf8(bytes(&input).unwrap()).unwrap(), expected, "{name}");
        }
        assert!(bytes(&Input { encoded_data: Some("?".into()), ..Input::default() }).is_err());
    }
}

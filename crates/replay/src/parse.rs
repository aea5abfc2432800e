//! A request from a file: raw, as a curl command, or from an HTTP Archive.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::request::RequestError;
use crate::{archive, curl, raw};

/// Reads a request. A text that begins with `curl ` is a curl command, one that begins with `{` an HTTP Archive of which
/// the first request counts, anything else a raw HTTP/1.1 request, whose lines may end in LF.
///
/// # Errors
/// If the text is none of these.
pub fn parse(text: &[u8]) -> Result<Request<Full<Bytes>>, RequestError> {
    let start = text.trim_ascii_start();
    if start.starts_with(b"curl ") {
        return curl::parse(&String::from_utf8_lossy(start));
    }
    if start.starts_with(b"{") {
        return archive::parse(start);
    }
    raw::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_known_by_the_first_bytes() {
        let archive = r#" {"log":{"entries":[{"request":{"method":"PUT","url":"/"}}]}}"#;
        for (text, method) in
            [("POST / HTTP/1.1\n\n", "POST"), ("\n curl -d x http://h/", "POST"), (archive, "PUT")]
        {
            assert_eq!(parse(text.as_bytes()).unwrap().method(), method, "{text}");
        }
        assert!(matches!(parse(b"{"), Err(RequestError::Archive(_))));
        assert_eq!(parse(b"curl").unwrap_err(), RequestError::RequestLine);
    }
}

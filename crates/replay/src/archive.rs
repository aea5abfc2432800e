//! An HTTP Archive (HAR 1.2), as browsers save it.
//!
//! <http://www.softwareishard.com/blog/har-12-spec/>

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::Value;

use crate::request::{RequestError, build};

/// Parses the first request of an archive. Everything but its URL may be absent.
pub(crate) fn parse(text: &[u8]) -> Result<Request<Full<Bytes>>, RequestError> {
    let archive: Value = serde_json::from_slice(text).map_err(|e| RequestError::Archive(e.to_string()))?;
    let request = archive.pointer("/log/entries/0/request").ok_or(RequestError::EmptyArchive)?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("").to_owned();
    let headers = request.get("headers").and_then(Value::as_array).into_iter().flatten();
    let headers: Vec<(String, String)> =
        headers.map(|header| (text(header.get("name")), text(header.get("value")))).collect();
    // Pseudo-headers of HTTP/2 repeat the request line, and Content-Length follows from the body.
    let is_sent = |name: &str| !name.starts_with(':') && !name.eq_ignore_ascii_case("content-length");
    let pairs: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| is_sent(name))
        .collect();
    let body = text(request.pointer("/postData/text"));
    build(&text(request.get("method")), &text(request.get("url")), &pairs, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::shown;

    #[tokio::test]
    async fn the_first_request_counts() {
        let headers = r#""headers":[{"name":":path","value":"/x"},{"name":"Content-Length","value":"9"},
            {"name":"Content-Type","value":"text/plain"}]"#;
        for (request, expected) in [
            (
                format!(
                    r#"{{"method":"PUT","url":"http://a.example/x",{headers},"postData":{{"text":"t"}}}}"#
                ),
                "PUT http://a.example/x host=a.example content-type=text/plain content-length= t",
            ),
            (
                r#"{"method":"GET","url":"/x","headers":[{"name":"Host","value":"b"}]}"#.into(),
                "GET /x host=b content-type= content-length= ",
            ),
        ] {
            let archive = format!(r#"{{"log":{{"entries":[{{"request":{request}}},{{"request":{{}}}}]}}}}"#);
            let request = parse(archive.as_bytes()).unwrap();
            assert_eq!(shown(request, &["host", "content-type", "content-length"]).await, expected);
        }
    }

    #[test]
    fn what_is_no_archive_says_why() {
        assert!(matches!(parse(b"{"), Err(RequestError::Archive(_))));
        for text in [&b"{}"[..], br#"{"log":{"entries":[]}}"#, br#"{"log":{"entries":[{}]}}"#] {
            assert_eq!(parse(text).unwrap_err(), RequestError::EmptyArchive);
        }
        let empty = br#"{"log":{"entries":[{"request":{}}]}}"#;
        assert_eq!(parse(empty).unwrap_err(), RequestError::Url(String::new()));
    }
}

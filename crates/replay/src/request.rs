//! What the three forms of a request have in common: how a request is built, and why none can be.

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderName, Request, Uri};
use http_body_util::Full;

/// The host of a request that names none.
pub(crate) const DEFAULT_HOST: &str = "api.example";

/// Why a file holds no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The head of a raw request is not UTF-8.
    #[error("the request head is not UTF-8")]
    Encoding,
    /// The first line of a raw request is not a request line.
    #[error("the first line is not `METHOD target HTTP/1.1`")]
    RequestLine,
    /// A header line without a colon.
    #[error("`{0}` is not a header line")]
    HeaderLine(String),
    /// A header with a name that is not a token (RFC 9110 §5.1).
    #[error("`{0}` is not a header name")]
    HeaderName(String),
    /// A curl command with an open quote or a backslash at its end.
    #[error("the command has a quote that is not closed, or ends in a backslash")]
    Quoting,
    /// A curl option at the end of the command that needs a value.
    #[error("`{0}` has no value")]
    MissingValue(String),
    /// A curl command without a URL.
    #[error("the command has no URL")]
    NoUrl,
    /// Not JSON, and therefore no HTTP Archive.
    #[error("not an HTTP Archive: {0}")]
    Archive(String),
    /// An HTTP Archive without an entry that holds a request.
    #[error("the archive has no request")]
    EmptyArchive,
    /// A URL that cannot be parsed.
    #[error("`{0}` is not a URL")]
    Url(String),
    /// A method, target or header value that HTTP does not allow.
    #[error("{0}")]
    Http(String),
}

/// Builds a request; the host is that of the URL unless a header names one.
pub(crate) fn build(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Request<Full<Bytes>>, RequestError> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(header_name(name)?, value.trim());
    }
    if !headers.iter().any(|(name, _)| name.trim().eq_ignore_ascii_case(HOST.as_str())) {
        let uri: Uri = url.parse().map_err(|_| RequestError::Url(url.to_owned()))?;
        request = request.header(HOST, uri.authority().map_or(DEFAULT_HOST, |authority| authority.as_str()));
    }
    request.body(Full::new(body.into())).map_err(|e| RequestError::Http(e.to_string()))
}

pub(crate) fn header_name(name: &str) -> Result<HeaderName, RequestError> {
    name.trim().parse().map_err(|_| RequestError::HeaderName(name.to_owned()))
}

/// A request as its tests compare it: method, target, the headers asked for, body.
#[cfg(test)]
pub(crate) async fn shown(request: Request<Full<Bytes>>, headers: &[&str]) -> String {
    use http_body_util::BodyExt;
    let (head, body) = request.into_parts();
    let mut shown = format!("{} {}", head.method, head.uri);
    for name in headers {
        let values: Vec<_> =
            head.headers.get_all(*name).iter().map(|value| value.to_str().unwrap()).collect();
        shown.push_str(&format!(" {name}={}", values.join("|")));
    }
    let body = body.collect().await.unwrap().to_bytes();
    format!("{shown} {}", String::from_utf8_lossy(&body).escape_debug())
}

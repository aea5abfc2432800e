//! An HTTP/1.1 client that sends paths, headers and raw bytes unchanged, and keeps the transcript.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use report::Transcript;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::api_url::{ApiUrl, Scheme};
use crate::probe::{Answer, Probe};
use crate::transcript;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long raw bytes are answered for: the server may keep the connection open.
const RAW_TIMEOUT: Duration = Duration::from_millis(700);
/// The largest body that is read, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// The most bytes that are read of an answer to raw bytes.
const MAX_RAW_ANSWER: usize = 16 * 1024;

/// Why a request has no answer. That never counts in favour of the API.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The connection could not be made, or broke.
    #[error("no answer: {0}")]
    Io(#[from] io::Error),
    /// The probe cannot be written as an HTTP request.
    #[error("not a request: {0}")]
    Request(String),
    /// The server did not answer in HTTP.
    #[error("no HTTP answer: {0}")]
    Answer(String),
    /// No answer within the timeout.
    #[error("no answer in time")]
    Timeout,
}

/// Sends probes, over one connection as long as that stays open.
pub struct HttpClient {
    url: ApiUrl,
    tls: Option<TlsConnector>,
    connection: Mutex<Option<http1::SendRequest<Full<Bytes>>>>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl HttpClient {
    /// A client for an API. It connects when it sends.
    pub fn new(url: ApiUrl) -> Self {
        let tls = (url.scheme == Scheme::Https).then(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            TlsConnector::from(Arc::new(config))
        });
        HttpClient { url, tls, connection: Mutex::new(None) }
    }

    /// The same for the API's root, where the document says where that is on a server.
    pub(crate) fn or_at(&self, base_path: &str) -> HttpClient {
        HttpClient { url: self.url.or_at(base_path), tls: self.tls.clone(), connection: Mutex::new(None) }
    }

    /// Sends a probe. Returns the answer, and both as evidence.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, probe: &Probe) -> Result<(Answer, Transcript), ClientError> {
        tokio::time::timeout(TIMEOUT, self.send_now(probe)).await.unwrap_or(Err(ClientError::Timeout))
    }

    async fn send_now(&self, probe: &Probe) -> Result<(Answer, Transcript), ClientError> {
        let mut connection = self.connection.lock().await;
        if let Some(sender) = connection.as_mut()
            && sender.ready().await.is_ok()
            && let Ok(response) = sender.send_request(self.request(probe)?).await
        {
            return read_answer(probe, response).await;
        }
        let (mut sender, driver) =
            http1::handshake(TokioIo::new(self.connect().await?)).await.map_err(no_http)?;
        tokio::spawn(driver);
        let response = sender.send_request(self.request(probe)?).await.map_err(no_http)?;
        *connection = Some(sender);
        read_answer(probe, response).await
    }

    /// Sends bytes on a connection of their own. Returns what comes back within a moment, and both as evidence.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn send_raw(&self, bytes: &[u8]) -> Result<(String, Transcript), ClientError> {
        let mut stream = self.connect().await?;
        stream.write_all(bytes).await?;
        let mut answer = Vec::with_capacity(MAX_RAW_ANSWER);
        // What was read before the timeout, or before the connection broke, is the answer.
        let mut limited = stream.take(MAX_RAW_ANSWER as u64);
        while let Ok(Ok(1..)) = tokio::time::timeout(RAW_TIMEOUT, limited.read_buf(&mut answer)).await {}
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let transcript = transcript::of_raw(bytes, &answer);
        Ok((answer, transcript))
    }

    /// Whether the API is reached over TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Host and port as in the URL, for requests written by hand.
    pub fn authority(&self) -> &str {
        self.url.authority.as_str()
    }

    /// A path and query of the document behind the API's root, for requests written by hand.
    pub fn target(&self, path: &str) -> String {
        format!("{}{path}", self.url.base_path)
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let host = self.url.host();
        let stream = TcpStream::connect((host, self.url.port())).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(connector) => {
                let name =
                    rustls_pki_types::ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
                Ok(Box::new(connector.connect(name, stream).await?))
            }
        }
    }

    fn request(&self, probe: &Probe) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request = Request::new(Full::new(Bytes::new()));
        *request.method_mut() = probe.method.clone();
        *request.uri_mut() = self.target(&probe.target).parse().map_err(not_a_request)?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(self.authority()).map_err(not_a_request)?);
        if probe.user_agent {
            let agent = HeaderValue::from_static(concat!("doorward-attack/", env!("CARGO_PKG_VERSION")));
            headers.insert(USER_AGENT, agent);
        }
        for (name, value) in &probe.headers {
            let name: HeaderName = name.parse().map_err(not_a_request)?;
            headers.append(name, HeaderValue::from_str(value).map_err(not_a_request)?);
        }
        if let Some(content) = &probe.body {
            let media_type = HeaderValue::from_str(&content.media_type).map_err(not_a_request)?;
            headers.insert(CONTENT_TYPE, media_type);
            headers.insert(CONTENT_LENGTH, content.bytes.len().into());
            *request.body_mut() = Full::new(content.bytes.clone());
        }
        Ok(request)
    }
}

async fn read_answer(
    probe: &Probe,
    response: Response<Incoming>,
) -> Result<(Answer, Transcript), ClientError> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(no_http)?;
    let answer = Answer { status: head.status, headers: head.headers, body: body.to_bytes() };
    let transcript = transcript::of(probe, &answer);
    Ok((answer, transcript))
}

fn no_http(error: impl std::fmt::Display) -> ClientError {
    ClientError::Answer(error.to_string())
}

fn not_a_request(error: impl std::fmt::Display) -> ClientError {
    ClientError::Request(error.to_string())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::identity::Identity;

    fn request(url: &str, probe: &Probe) -> Result<(String, HeaderMap), ClientError> {
        let request = HttpClient::new(url.parse().unwrap()).request(probe)?;
        Ok((format!("{} {}", request.method(), request.uri()), request.headers().clone()))
    }

    #[test]
    fn the_base_path_comes_first_and_the_target_is_unchanged() {
        for (url, target, line) in [
            ("http://a.example", "/b?c=d", "GET /b?c=d"),
            ("http://a.example/v1/", "/b", "GET /v1/b"),
            ("http://a.example", "/b/../c;d=e%2f", "GET /b/../c;d=e%2f"),
        ] {
            assert_eq!(request(url, &Probe::get(target)).unwrap().0, line);
        }
    }

    #[test]
    fn headers_are_those_of_the_probe_and_the_account() {
        let alice = Identity::bearer("alice", "t");
        let probe = Probe::json(Method::POST, "/a", &serde_json::json!({})).by(&alice).header("x-a", "1");
        let (_, headers) = request("http://a.example:8080", &probe.clone().header("x-a", "2")).unwrap();
        for (name, values) in [
            ("host", &["a.example:8080"][..]),
            ("authorization", &["Bearer t"]),
            ("x-a", &["1", "2"]),
            ("content-type", &["application/json"]),
            ("content-length", &["2"]),
        ] {
            assert_eq!(headers.get_all(name).iter().collect::<Vec<_>>(), values, "{name}");
        }
        assert!(headers.contains_key(USER_AGENT));
        let anonymous = Probe { user_agent: false, ..probe };
        assert!(!request("http://a.example", &anonymous).unwrap().1.contains_key(USER_AGENT));
    }

    #[test]
    fn what_is_no_http_request_is_an_error_that_says_so() {
        for probe in [
            Probe::get("/a b"),
            Probe::get("/{id}\n"),
            Probe::get("/").header("a b", "1"),
            Probe::get("/").header("a", "1\r\nb: 2"),
        ] {
            let error = request("http://a.example", &probe).unwrap_err();
            assert!(error.to_string().starts_with("not a request: "), "{probe:?}: {error}");
        }
    }
}

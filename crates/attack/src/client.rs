//! An HTTP/1.1 client that sends paths, headers and raw bytes unchanged, and keeps the transcript.

mod pace;
mod proxy;
mod tls;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use report::Transcript;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

use crate::api_url::{ApiUrl, Scheme};
use crate::probe::{Answer, Probe, Root};
use crate::transcript;

use pace::Pace;
pub use proxy::{Proxy, ProxyError};
pub use tls::{ClientCertificate, Trust};

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
    /// A certificate or a key cannot be used.
    #[error("{0}")]
    Certificate(String),
    /// No answer within the timeout.
    #[error("no answer in time")]
    Timeout,
}

/// Sends probes, over one connection as long as that stays open.
pub struct HttpClient {
    url: ApiUrl,
    settings: Arc<Settings>,
    connection: Mutex<Option<http1::SendRequest<Full<Bytes>>>>,
}

/// What holds for all requests of a client, wherever its root is.
struct Settings {
    tls: TlsConnector,
    headers: Vec<(HeaderName, HeaderValue)>,
    proxy: Option<Proxy>,
    source: Option<IpAddr>,
    pace: Pace,
}

/// When a proxy is asked to pass bytes on unseen (`CONNECT`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tunnel {
    /// For TLS.
    WhereNeeded,
    /// For bytes that must not change, too.
    Always,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What a client is made with.
#[derive(Debug)]
pub struct ClientBuilder {
    url: ApiUrl,
    trust: Trust,
    certificate: Option<ClientCertificate>,
    headers: Vec<(HeaderName, HeaderValue)>,
    proxy: Option<Proxy>,
    source: Option<IpAddr>,
    pace: Option<f64>,
}

impl ClientBuilder {
    /// Adds a header to all requests. One of the same name that a request has itself counts more.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sends everything through a proxy.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Says whose certificates are believed; those that the system believes, if nothing is said.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Shows this certificate to servers that ask for one.
    #[must_use]
    pub fn certificate(mut self, certificate: ClientCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Sends no more than so many requests a second.
    #[must_use]
    pub fn pace(mut self, per_second: f64) -> Self {
        self.pace = Some(per_second);
        self
    }

    /// Connects from this address of the machine.
    #[must_use]
    pub fn source(mut self, address: IpAddr) -> Self {
        self.source = Some(address);
        self
    }

    /// The client. It connects when it sends.
    ///
    /// # Errors
    /// When a certificate cannot be used.
    pub fn build(self) -> Result<HttpClient, ClientError> {
        let config = tls::config(&self.trust, self.certificate).map_err(ClientError::Certificate)?;
        let settings = Settings {
            tls: TlsConnector::from(Arc::new(config)),
            headers: self.headers,
            proxy: self.proxy,
            source: self.source,
            pace: Pace::new(self.pace),
        };
        Ok(HttpClient { url: self.url, settings: Arc::new(settings), connection: Mutex::new(None) })
    }
}

impl HttpClient {
    /// A client for an API, without anything special. It connects when it sends.
    pub fn new(url: ApiUrl) -> Self {
        let settings = Settings {
            tls: TlsConnector::from(Arc::new(tls::ordinary(&url))),
            headers: Vec::new(),
            proxy: None,
            source: None,
            pace: Pace::new(None),
        };
        HttpClient { url, settings: Arc::new(settings), connection: Mutex::new(None) }
    }

    /// What makes a client for an API.
    pub fn builder(url: ApiUrl) -> ClientBuilder {
        let (trust, certificate, headers) = (Trust::System, None, Vec::new());
        ClientBuilder { url, trust, certificate, headers, proxy: None, source: None, pace: None }
    }

    /// The same for the API's root, where the document says where that is on a server.
    pub(crate) fn or_at(&self, base_path: &str) -> HttpClient {
        self.at(self.url.or_at(base_path))
    }

    /// The same at the root of the server.
    pub(crate) fn at_server(&self) -> HttpClient {
        self.at(self.url.at_server())
    }

    fn at(&self, url: ApiUrl) -> HttpClient {
        HttpClient { url, settings: Arc::clone(&self.settings), connection: Mutex::new(None) }
    }

    /// The same on a connection of its own.
    #[must_use]
    pub fn beside(&self) -> HttpClient {
        self.at(self.url.clone())
    }

    /// Sends a probe. Returns the answer, and both as evidence.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, probe: &Probe) -> Result<(Answer, Transcript), ClientError> {
        self.settings.pace.wait().await;
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
        let (mut sender, driver) = http1::handshake(TokioIo::new(self.connect(Tunnel::WhereNeeded).await?))
            .await
            .map_err(no_http)?;
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
        self.settings.pace.wait().await;
        // A proxy that reads requests would write them anew.
        let mut stream = self.connect(Tunnel::Always).await?;
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
        self.url.scheme == Scheme::Https
    }

    /// Host and port as in the URL, for requests written by hand.
    pub fn authority(&self) -> &str {
        self.url.authority.as_str()
    }

    /// The root of the API as a URL, without a slash at its end.
    pub(crate) fn root(&self) -> String {
        let scheme = if self.is_tls() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.url.base_path)
    }

    /// The root that a target stands behind, without a slash at its end.
    pub(crate) fn root_of(&self, root: Root) -> String {
        let whole = self.root();
        match root {
            Root::Api => whole,
            Root::Server => whole.strip_suffix(self.url.base_path.as_str()).unwrap_or(&whole).to_owned(),
        }
    }

    /// The path of the API's root on its server, without a slash at its end.
    pub(crate) fn base_path(&self) -> &str {
        &self.url.base_path
    }

    /// Whether the API is on this machine: a listener of our own can be reached by it.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.url.host();
        let is_loopback = |address: IpAddr| address.is_loopback();
        host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
    }

    /// A path and query of the document behind the API's root, for requests written by hand.
    pub fn target(&self, path: &str) -> String {
        format!("{}{path}", self.url.base_path)
    }

    async fn connect(&self, tunnel: Tunnel) -> io::Result<Box<dyn Stream>> {
        let (host, port) = (self.url.host(), self.url.port());
        let stream = match &self.settings.proxy {
            None => self.open(host, port).await?,
            Some(proxy) => {
                let mut stream = self.open(proxy.host(), proxy.port()).await?;
                if self.is_tls() || tunnel == Tunnel::Always {
                    proxy.tunnel(&mut stream, host, port).await?;
                }
                stream
            }
        };
        if !self.is_tls() {
            return Ok(Box::new(stream));
        }
        let name = rustls_pki_types::ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Box::new(self.settings.tls.connect(name, stream).await?))
    }

    async fn open(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let Some(source) = self.settings.source else {
            let stream = TcpStream::connect((host, port)).await?;
            stream.set_nodelay(true)?;
            return Ok(stream);
        };
        let mut last = io::Error::other("the name has no address of the kind of the source");
        for address in tokio::net::lookup_host((host, port)).await? {
            let socket = match (address.ip(), source) {
                (IpAddr::V4(_), IpAddr::V4(_)) => TcpSocket::new_v4()?,
                (IpAddr::V6(_), IpAddr::V6(_)) => TcpSocket::new_v6()?,
                _ => continue,
            };
            socket.bind((source, 0).into())?;
            match socket.connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn request(&self, probe: &Probe) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request = Request::new(Full::new(Bytes::new()));
        *request.method_mut() = probe.method.clone();
        let target = match probe.root {
            Root::Api => self.target(&probe.target),
            Root::Server => probe.target.clone(),
        };
        let proxy = self.settings.proxy.as_ref().filter(|_| !self.is_tls());
        *request.uri_mut() = match proxy {
            // A proxy is sent the whole URL (RFC 9112 §3.2.2).
            Some(_) => format!("http://{}{target}", self.authority()).parse().map_err(not_a_request)?,
            None => target.parse().map_err(not_a_request)?,
        };
        let headers = request.headers_mut();
        if let Some(credential) = proxy.and_then(Proxy::credential) {
            headers.insert(PROXY_AUTHORIZATION, credential.clone());
        }
        headers.insert(HOST, HeaderValue::from_str(self.authority()).map_err(not_a_request)?);
        if probe.user_agent {
            let agent = HeaderValue::from_static(concat!("doorward-attack/", env!("CARGO_PKG_VERSION")));
            headers.insert(USER_AGENT, agent);
        }
        let is_own =
            |name: &HeaderName| probe.headers.iter().any(|(own, _)| name.as_str().eq_ignore_ascii_case(own));
        for (name, value) in self.settings.headers.iter().filter(|(name, _)| !is_own(name)) {
            headers.insert(name.clone(), value.clone());
        }
        for (name, value) in &probe.headers {
            let name: HeaderName = name.parse().map_err(not_a_request)?;
            let value = HeaderValue::from_str(value).map_err(not_a_request)?;
            // A request has one Host (RFC 9112 §3.2).
            match name == HOST {
                true => headers.insert(name, value).is_some(),
                false => headers.append(name, value),
            };
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
    fn a_path_of_the_server_has_no_base_path() {
        let client = HttpClient::new("http://127.0.0.1:1/v1".parse().unwrap());
        assert_eq!(client.request(&Probe::get_of_server("/b")).unwrap().uri(), "/b");
        assert_eq!(client.root_of(Root::Server), "http://127.0.0.1:1");
        assert_eq!(client.root_of(Root::Api), "http://127.0.0.1:1/v1");
        assert!(client.is_loopback() && !HttpClient::new("http://a.example".parse().unwrap()).is_loopback());
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
        let (_, headers) = request("http://a.example", &probe.clone().header("host", "b.example")).unwrap();
        assert_eq!(headers.get_all("host").iter().collect::<Vec<_>>(), ["b.example"]);
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

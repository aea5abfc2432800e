//! Requests as an attacker sends them: paths and headers exactly as given, and the transcript kept.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, USER_AGENT};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::identity::Identity;

const PATIENCE: Duration = Duration::from_secs(20);
/// More of an answer than this proves nothing more.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// The API under attack.
#[derive(Debug, Clone)]
pub struct Target {
    tls: bool,
    authority: Authority,
    base: String,
}

impl std::str::FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|_| format!("`{text}` is not a URL"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(format!("`{text}` is not an http or https URL")),
        };
        let authority = uri.authority().ok_or_else(|| format!("`{text}` names no host"))?.clone();
        Ok(Target { tls, authority, base: uri.path().trim_end_matches('/').to_owned() })
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection, or it broke.
    #[error("no answer: {0}")]
    Io(#[from] io::Error),
    /// What was to be sent is no HTTP request.
    #[error("not a request: {0}")]
    Request(String),
    /// What came back is no HTTP response.
    #[error("no HTTP answer: {0}")]
    Answer(String),
    /// Nothing came back in time.
    #[error("no answer in time")]
    Timeout,
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Method.
    pub method: Method,
    /// Path and query, sent as they are.
    pub target: String,
    /// Headers beside Host, User-Agent and those of the identity.
    pub headers: Vec<(String, String)>,
    /// Body with its media type.
    pub body: Option<(String, Bytes)>,
    /// Whether a User-Agent is sent.
    pub agent: bool,
}

impl Probe {
    /// A GET.
    pub fn get(target: impl Into<String>) -> Self {
        Probe { method: Method::GET, target: target.into(), headers: Vec::new(), body: None, agent: true }
    }

    /// A request with a JSON body.
    pub fn json(method: Method, target: impl Into<String>, body: &serde_json::Value) -> Self {
        let body = Some(("application/json".to_owned(), Bytes::from(body.to_string())));
        Probe { method, body, ..Probe::get(target) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sends it as somebody.
    #[must_use]
    pub fn by(mut self, identity: &Identity) -> Self {
        self.headers.extend(identity.headers.iter().cloned());
        self
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }
}

/// A request with its answer, as evidence: secrets shortened, bodies cut.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Exchange {
    /// The request.
    pub request: String,
    /// The answer.
    pub answer: String,
}

/// Sends requests, over one connection as long as that holds.
pub struct Client {
    target: Target,
    tls: Option<TlsConnector>,
    connection: Mutex<Option<http1::SendRequest<Full<Bytes>>>>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Client {
    /// A client for a target.
    pub fn new(target: Target) -> Self {
        let tls = target.tls.then(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            TlsConnector::from(Arc::new(config))
        });
        Client { target, tls, connection: Mutex::new(None) }
    }

    /// Sends a request. The answer, and both as evidence.
    ///
    /// # Errors
    /// When there is no answer, which is no answer in favour of the API either.
    pub async fn send(&self, probe: &Probe) -> Result<(Answer, Exchange), ClientError> {
        tokio::time::timeout(PATIENCE, self.send_now(probe)).await.unwrap_or(Err(ClientError::Timeout))
    }

    async fn send_now(&self, probe: &Probe) -> Result<(Answer, Exchange), ClientError> {
        let mut connection = self.connection.lock().await;
        if let Some(sender) = connection.as_mut()
            && sender.ready().await.is_ok()
            && let Ok(response) = sender.send_request(self.request(probe)?).await
        {
            return finish(probe, response).await;
        }
        let (mut sender, driver) = http1::handshake(TokioIo::new(self.connect().await?))
            .await
            .map_err(|e| ClientError::Answer(e.to_string()))?;
        tokio::spawn(driver);
        let response = sender
            .send_request(self.request(probe)?)
            .await
            .map_err(|e| ClientError::Answer(e.to_string()))?;
        *connection = Some(sender);
        finish(probe, response).await
    }

    /// Sends bytes on a connection of their own, and answers with what comes back within a moment.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn send_raw(&self, bytes: &[u8]) -> Result<(String, Exchange), ClientError> {
        let mut stream = self.connect().await?;
        stream.write_all(bytes).await?;
        let mut read = vec![0; 16 * 1024];
        let mut length = 0;
        while let Ok(Ok(count @ 1..)) =
            tokio::time::timeout(Duration::from_millis(700), stream.read(&mut read[length..])).await
        {
            length += count;
            if length == read.len() {
                break;
            }
        }
        let answer = String::from_utf8_lossy(&read[..length]).into_owned();
        let exchange = Exchange { request: cut(&String::from_utf8_lossy(bytes)), answer: cut(&answer) };
        Ok((answer, exchange))
    }

    /// The authority, for requests that are written by hand.
    pub fn authority(&self) -> &str {
        self.target.authority.as_str()
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let host = self.target.authority.host().trim_matches(['[', ']']).to_owned();
        let port = self.target.authority.port_u16().unwrap_or(if self.target.tls { 443 } else { 80 });
        let stream = TcpStream::connect((host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(connector) => {
                let name = rustls_pki_types::ServerName::try_from(host).map_err(io::Error::other)?;
                Ok(Box::new(connector.connect(name, stream).await?))
            }
        }
    }

    fn request(&self, probe: &Probe) -> Result<Request<Full<Bytes>>, ClientError> {
        let wrong = |e: &dyn std::fmt::Display| ClientError::Request(e.to_string());
        let mut request = Request::new(Full::new(Bytes::new()));
        *request.method_mut() = probe.method.clone();
        *request.uri_mut() =
            format!("{}{}", self.target.base, probe.target).parse().map_err(|e| wrong(&e))?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(self.target.authority.as_str()).map_err(|e| wrong(&e))?);
        if probe.agent {
            headers.insert(
                USER_AGENT,
                HeaderValue::from_static(concat!("doorward-attack/", env!("CARGO_PKG_VERSION"))),
            );
        }
        for (name, value) in &probe.headers {
            let name: HeaderName = name.parse().map_err(|e| wrong(&e))?;
            headers.append(name, HeaderValue::from_str(value).map_err(|e| wrong(&e))?);
        }
        if let Some((kind, body)) = &probe.body {
            headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_str(kind).map_err(|e| wrong(&e))?);
            headers.insert(CONTENT_LENGTH, body.len().into());
            *request.body_mut() = Full::new(body.clone());
        }
        Ok(request)
    }
}

async fn finish(
    probe: &Probe,
    response: http::Response<hyper::body::Incoming>,
) -> Result<(Answer, Exchange), ClientError> {
    let (head, body) = response.into_parts();
    let body =
        Limited::new(body, LARGEST_ANSWER).collect().await.map_err(|e| ClientError::Answer(e.to_string()))?;
    let answer = Answer { status: head.status, headers: head.headers, body: body.to_bytes() };
    let exchange = Exchange { request: show_request(probe), answer: show_answer(&answer) };
    Ok((answer, exchange))
}

fn show_request(probe: &Probe) -> String {
    let mut text = format!("{} {}\n", probe.method, probe.target);
    for (name, value) in &probe.headers {
        let secret = ["authorization", "cookie", "x-api-key"].contains(&name.to_ascii_lowercase().as_str());
        let shown: String = value.chars().take(if secret { 24 } else { 200 }).collect();
        text.push_str(&format!("{name}: {shown}{}\n", if shown.len() < value.len() { "…" } else { "" }));
    }
    if let Some((kind, body)) = &probe.body {
        text.push_str(&format!("content-type: {kind}\n\n{}", String::from_utf8_lossy(body)));
    }
    cut(&text)
}

fn show_answer(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.status);
    for (name, value) in &answer.headers {
        let shown: String = value.to_str().unwrap_or("").chars().take(120).collect();
        text.push_str(&format!("{name}: {shown}\n"));
    }
    text.push('\n');
    text.push_str(&answer.text());
    cut(&text)
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 1200;
    let mut out: String = text.chars().take(LONGEST).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

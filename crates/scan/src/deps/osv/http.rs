//! How the API is reached: a trait, so that what is asked can be tested without a network, and its implementation.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The base of the API is no URL.
    #[error("`{0}` is no URL of an API, such as https://api.osv.dev")]
    Url(String),
    /// The connection could not be made, or broke.
    #[error("{url} gives no answer: {error}")]
    Io {
        /// The base of the API.
        url: String,
        /// Why not.
        error: io::Error,
    },
    /// The server does not speak HTTP, or breaks off.
    #[error("{url} gives no answer: {reason}")]
    Answer {
        /// The base of the API.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The server refuses.
    #[error("{url} answers with {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The answer.
        status: StatusCode,
    },
}

/// Sends a request to the API.
pub trait Http {
    /// Sends a `POST` with a body in JSON, or a `GET` without one. Returns the body of a successful answer.
    fn send(&self, path: &str, body: Option<String>)
    -> impl Future<Output = Result<Bytes, HttpError>> + Send;
}

type Sender = http1::SendRequest<Full<Bytes>>;

/// HTTP/1.1 over TCP or TLS, with connections that are kept.
pub struct HyperClient {
    base: String,
    host: String,
    port: u16,
    authority: HeaderValue,
    path: String,
    tls: Option<TlsConnector>,
    idle: Mutex<Vec<Sender>>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl HyperClient {
    /// A client of the API at a base, such as `https://api.osv.dev`. It connects when it sends.
    ///
    /// # Errors
    /// When the base is no URL.
    pub fn new(base: &str) -> Result<Self, HttpError> {
        let no_url = || HttpError::Url(base.to_owned());
        let uri: Uri = base.parse().map_err(|_| no_url())?;
        let authority = uri.authority().ok_or_else(no_url)?;
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(no_url());
        }
        let (tls, port) = match uri.scheme_str() {
            Some("https") => (Some(connector()), 443),
            Some("http") => (None, 80),
            _ => return Err(no_url()),
        };
        Ok(HyperClient {
            base: base.trim_end_matches('/').to_owned(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(port),
            authority: HeaderValue::from_str(authority.as_str()).map_err(|_| no_url())?,
            path: uri.path().trim_end_matches('/').to_owned(),
            tls,
            idle: Mutex::default(),
        })
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        let Some(connector) = &self.tls else { return Ok(Box::new(stream)) };
        let name = rustls_pki_types::ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
        Ok(Box::new(connector.connect(name, stream).await?))
    }

    fn request(&self, path: &str, body: Option<String>) -> Result<Request<Full<Bytes>>, HttpError> {
        let no_answer = |error: &dyn std::fmt::Display| self.no_answer(error);
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let target: Uri = format!("{}{path}", self.path).parse().map_err(|error| no_answer(&error))?;
        let mut request = Request::new(Full::new(Bytes::from(body.unwrap_or_default())));
        *request.method_mut() = method;
        *request.uri_mut() = target;
        let headers = request.headers_mut();
        headers.insert(HOST, self.authority.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let agent = HeaderValue::from_static(concat!("doorward-scan/", env!("CARGO_PKG_VERSION")));
        headers.insert(USER_AGENT, agent);
        Ok(request)
    }

    /// An idle connection that is still open, or a new one.
    async fn sender(&self) -> Result<Sender, HttpError> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut sender) = idle else { break };
            if sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
        let stream = self.connect().await.map_err(|error| HttpError::Io { url: self.base.clone(), error })?;
        let (sender, driver) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.no_answer(&error))?;
        tokio::spawn(driver);
        Ok(sender)
    }

    async fn exchange(&self, path: &str, body: Option<String>) -> Result<Bytes, HttpError> {
        let request = self.request(path, body)?;
        let mut sender = self.sender().await?;
        let response = sender.send_request(request).await.map_err(|error| self.no_answer(&error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| self.no_answer(&error))?.to_bytes();
        if !status.is_success() {
            return Err(HttpError::Status { url: format!("{}{path}", self.base), status });
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        Ok(body)
    }

    fn no_answer(&self, error: &dyn std::fmt::Display) -> HttpError {
        HttpError::Answer { url: self.base.clone(), reason: error.to_string() }
    }
}

impl Http for HyperClient {
    async fn send(&self, path: &str, body: Option<String>) -> Result<Bytes, HttpError> {
        match tokio::time::timeout(TIMEOUT, self.exchange(path, body)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.no_answer(&"it takes too long")),
        }
    }
}

fn connector() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

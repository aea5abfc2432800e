//! The admin socket: what an operator tells a running gateway, over a Unix socket of its user alone.

use std::convert::Infallible;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use guard::{Ban, Order};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;

use crate::state::State;

/// A ban, as it is asked for and told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanNote {
    /// The network.
    pub network: IpNet,
    /// Seconds that are left of it.
    pub seconds: u64,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// What an operator says of an attack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttackNote {
    /// `on`, `off` or `auto`.
    pub order: String,
    /// For how many seconds.
    pub seconds: u64,
}

/// How a gateway stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the program.
    pub version: String,
    /// Why it should get no requests, if it should not.
    pub unready: Option<String>,
    /// Whether an attack lasts.
    pub under_attack: bool,
    /// What an operator has said of it.
    pub order: String,
    /// Bans that hold.
    pub bans: usize,
}

/// The longest request.
const MAX_BYTES: usize = 64 * 1024;
/// What nobody needs to be told for longer.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// The socket of a gateway. The file goes when this does.
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Socket {
    /// Listens. A socket that an ended gateway left is replaced; one at which somebody answers is not.
    pub(crate) fn bind(path: &Path) -> io::Result<Socket> {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens there"));
        }
        match std::fs::symlink_metadata(path) {
            Ok(meta) if meta.file_type().is_socket() => std::fs::remove_file(path)?,
            Ok(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "a file that is no socket is there",
                ));
            }
            Err(_) => {}
        }
        // Under another name until nobody else may open it.
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        let listener = UnixListener::bind(&beside)?;
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&beside, path)?;
        Ok(Socket { listener, path: path.to_owned() })
    }

    /// Serves until the runtime ends.
    pub(crate) async fn serve(self, state: Arc<State>) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let state = Arc::clone(&state);
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let state = Arc::clone(&state);
                    async move { Ok::<_, Infallible>(answer(&state, request).await) }
                });
                let _ = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(Duration::from_secs(10))
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }
}

async fn answer(state: &State, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return told(StatusCode::PAYLOAD_TOO_LARGE, &"the request is too long"),
    };
    let (guard, now) = (&state.guard, SystemTime::now());
    let wrong = |error: &dyn std::fmt::Display| told(StatusCode::BAD_REQUEST, &error.to_string());
    let gone = |error: &dyn std::fmt::Display| {
        told(StatusCode::ACCEPTED, &format!("it holds on this gateway; the others cannot be told: {error}"))
    };
    match (&head.method, head.uri.path()) {
        (&Method::GET, "/status") => {
            let (under_attack, order) = guard.attack();
            let status = Status {
                version: env!("CARGO_PKG_VERSION").into(),
                unready: state.unready().map(str::to_owned),
                under_attack,
                order: order.name().into(),
                bans: guard.bans(now).len(),
            };
            told(StatusCode::OK, &status)
        }
        (&Method::GET, "/bans") => {
            let notes: Vec<BanNote> = guard.bans(now).into_iter().map(|ban| note(ban, now)).collect();
            told(StatusCode::OK, &notes)
        }
        (&Method::POST, "/bans") => {
            let asked: BanNote = match serde_json::from_slice(&body) {
                Ok(asked) => asked,
                Err(error) => return wrong(&error),
            };
            let until = now + Duration::from_secs(asked.seconds).min(LONGEST);
            let reason = if asked.reason.is_empty() { "by an operator".into() } else { asked.reason };
            let ban = Ban { network: asked.network, until, reason, before: 0 };
            match guard.ban(ban, now).await {
                Ok(()) => told(StatusCode::OK, &"banned"),
                Err(error) => gone(&error),
            }
        }
        (&Method::DELETE, "/bans") => {
            let network: IpNet = match serde_json::from_slice(&body) {
                Ok(network) => network,
                Err(error) => return wrong(&error),
            };
            match guard.unban(network).await {
                Ok(true) => told(StatusCode::OK, &"lifted"),
                Ok(false) => told(StatusCode::NOT_FOUND, &"no such ban"),
                Err(error) => gone(&error),
            }
        }
        (&Method::POST, "/under-attack") => {
            let asked: AttackNote = match serde_json::from_slice(&body) {
                Ok(asked) => asked,
                Err(error) => return wrong(&error),
            };
            let Some(order) = Order::named(&asked.order) else {
                return told(StatusCode::BAD_REQUEST, &"write `on`, `off` or `auto`");
            };
            let until = now + Duration::from_secs(asked.seconds).min(LONGEST);
            match guard.order_attack(order, until, now).await {
                Ok(()) => told(StatusCode::OK, &order.name()),
                Err(error) => gone(&error),
            }
        }
        _ => told(StatusCode::NOT_FOUND, &"GET /status, GET, POST and DELETE /bans, POST /under-attack"),
    }
}

fn note(ban: Ban, now: SystemTime) -> BanNote {
    let seconds = ban.until.duration_since(now).map_or(0, |left| left.as_secs());
    BanNote { network: ban.network, seconds, reason: ban.reason }
}

fn told(status: StatusCode, what: &impl Serialize) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(serde_json::to_vec(what).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

//! The shop as a server on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::database::Database;
use crate::edge::Floods;
use crate::login::Failures;
use crate::{Version, comments, edge, graphql, login, orders, profile, search, token, users};

/// How often the data is put back.
const RESET: Duration = Duration::from_secs(300);

/// What a lab is to be.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Mistakes or defences.
    pub version: Version,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Who may reach it.
    pub exposure: Exposure,
    /// The token secret. Without one: the weak one, or a random one when hardened.
    pub secret: Option<String>,
}

/// Who may reach the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// This machine only.
    Loopback,
    /// Anybody who can reach the address: the person said that they know.
    Known,
}

/// Why a lab does not start.
#[derive(Debug)]
pub enum LabError {
    /// The address can be reached from outside.
    NotLoopback(SocketAddr),
    /// The address cannot be listened on, or there is no randomness to be had.
    Listen(std::io::Error),
    /// The database cannot be made.
    Database(rusqlite::Error),
}

impl std::fmt::Display for LabError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LabError::NotLoopback(address) => {
                write!(
                    f,
                    "{address} can be reached from other machines, and the lab is vulnerable on purpose"
                )
            }
            LabError::Listen(e) => write!(f, "cannot start: {e}"),
            LabError::Database(e) => write!(f, "cannot make the database: {e}"),
        }
    }
}

impl std::error::Error for LabError {}

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) version: Version,
    pub(crate) database: Arc<Database>,
    pub(crate) secret: Arc<str>,
    pub(crate) failures: Arc<Failures>,
    pub(crate) floods: Arc<Floods>,
}

/// A lab that serves. It stops when dropped.
pub struct Lab {
    address: SocketAddr,
    shop: Shop,
    _stop: oneshot::Sender<()>,
}

impl Lab {
    /// Listens and serves on the current runtime.
    ///
    /// # Errors
    /// When the address is not loopback and nobody said that they know, or cannot be listened on.
    pub async fn start(settings: Settings) -> Result<Lab, LabError> {
        if !settings.listen.ip().is_loopback() && settings.exposure == Exposure::Loopback {
            return Err(LabError::NotLoopback(settings.listen));
        }
        let secret = match (settings.secret, settings.version) {
            (Some(given), _) => given,
            (None, Version::Vulnerable) => token::WEAK.into(),
            (None, Version::Hardened) => random_secret()?,
        };
        let shop = Shop {
            version: settings.version,
            database: Arc::new(Database::new().map_err(LabError::Database)?),
            secret: secret.into(),
            failures: Arc::default(),
            floods: Arc::default(),
        };
        let listener = TcpListener::bind(settings.listen).await.map_err(LabError::Listen)?;
        let address = listener.local_addr().map_err(LabError::Listen)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let app = router(shop.clone());
        tokio::spawn(async move {
            let serve = axum::serve(listener, app);
            tokio::select! {
                _ = serve.into_future() => {}
                _ = stopped => {}
            }
        });
        let weak = Arc::downgrade(&shop.database);
        tokio::spawn(async move {
            let mut period = tokio::time::interval_at(tokio::time::Instant::now() + RESET, RESET);
            loop {
                period.tick().await;
                let Some(database) = weak.upgrade() else { return };
                // A reset that fails is tried again at the next turn.
                let _ = database.reset();
            }
        });
        Ok(Lab { address, shop, _stop: stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts the data back now.
    pub fn reset(&self) {
        // The data of an in-memory database can always be made anew; if not, the next turn tries again.
        let _ = self.shop.database.reset();
        self.shop.failures.clear();
        self.shop.floods.clear();
    }
}

fn router(shop: Shop) -> Router {
    Router::new()
        .route("/api/login", post(login::login))
        .route("/api/search", get(search::search))
        .route("/api/users/{id}", get(users::one))
        .route("/api/profile", patch(profile::update))
        .route("/api/avatar", post(profile::avatar))
        .route("/api/orders", get(orders::list).post(orders::create))
        .route("/api/orders/batch", get(orders::batch))
        .route("/api/orders/{id}", get(orders::one).put(orders::change).delete(orders::remove))
        .route("/api/users/{user}/orders/{id}", get(orders::nested))
        .route("/api/graphql", post(graphql::execute))
        .route("/api/comments", get(comments::list).post(comments::create))
        .route("/comments", get(comments::page))
        .layer(axum::middleware::from_fn_with_state(shop.clone(), edge::edge))
        .with_state(shop)
}

/// 48 bytes of the operating system's randomness.
fn random_secret() -> Result<String, LabError> {
    use std::io::Read;
    let mut bytes = [0u8; 48];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    read.map_err(LabError::Listen)?;
    Ok(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes))
}

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(crate) enum Problem {
    Unauthorized,
    NotFound,
    TooMany,
    Internal(String),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Problem::Internal(error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Problem::Unauthorized => (StatusCode::UNAUTHORIZED, "who are you?".to_owned()),
            Problem::NotFound => (StatusCode::NOT_FOUND, "not found".to_owned()),
            Problem::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too many tries".to_owned()),
            Problem::Internal(text) => (StatusCode::INTERNAL_SERVER_ERROR, text),
        };
        (status, axum::Json(json!({ "error": text }))).into_response()
    }
}

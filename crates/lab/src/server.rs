//! The shop as a server on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderName;
use axum::routing::{get, patch, post};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::database::{ACCOUNTS, Database};
use crate::shop::Shop;
use crate::version::Version;
use crate::{
    comments, edge, graphql, login, orders, passwords, profile, randomness, registration, search, sessions,
    token, users,
};

/// How often the data is restored.
const RESET: Duration = Duration::from_secs(300);

/// Settings of a lab.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which version is served.
    pub version: Version,
    /// Address to listen on; port 0 for any free port.
    pub listen: SocketAddr,
    /// From where it can be reached.
    pub exposure: Exposure,
    /// The header in which a gate in front says who calls (`x-doorward-subject`). The shop then has no log in of its own.
    pub identity_header: Option<HeaderName>,
    /// The secret that signs tokens. Without one: a weak one, or a random one when hardened.
    pub secret: Option<String>,
}

/// From where the lab can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// This machine only.
    Loopback,
    /// Anyone who can reach the address.
    Public,
}

/// Why a lab does not start.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// Other machines can reach the address, and [`Exposure`] does not allow that.
    #[error("{0} can be reached from other machines, and the lab is vulnerable on purpose")]
    NotLoopback(SocketAddr),
    /// The server cannot listen on the address, or the operating system has no randomness.
    #[error("cannot start: {0}")]
    Listen(#[source] std::io::Error),
    /// The database cannot be created.
    #[error("cannot create the database: {0}")]
    Database(#[source] rusqlite::Error),
}

/// A running lab. It stops when dropped.
pub struct Lab {
    address: SocketAddr,
    shop: Shop,
    _stop: oneshot::Sender<()>,
}

impl Lab {
    /// Listens and serves on the current Tokio runtime.
    ///
    /// # Errors
    /// When the address is not loopback although [`Exposure::Loopback`] demands it, or cannot be listened on.
    pub async fn start(settings: Settings) -> Result<Lab, LabError> {
        if !settings.listen.ip().is_loopback() && settings.exposure == Exposure::Loopback {
            return Err(LabError::NotLoopback(settings.listen));
        }
        let secret = match (settings.secret, settings.version) {
            (Some(given), _) => given,
            (None, Version::Vulnerable) => token::WEAK.into(),
            (None, Version::Hardened) => randomness::text().map_err(LabError::Listen)?,
        };
        let hashes = ACCOUNTS.iter().map(|(_, password)| passwords::hash(settings.version, password));
        let hashes = hashes.collect::<std::io::Result<Vec<String>>>().map_err(LabError::Listen)?;
        let shop = Shop {
            version: settings.version,
            database: Arc::new(Database::new(hashes).map_err(LabError::Database)?),
            secret: secret.into(),
            identity_header: settings.identity_header,
            failures: Arc::default(),
            requests: Arc::default(),
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
                // A reset that fails is repeated after the next interval.
                let _ = database.reset();
            }
        });
        Ok(Lab { address, shop, _stop: stop })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Restores the data and clears all counters now.
    pub fn reset(&self) {
        // An in-memory database can always be written; if not, the next periodic reset tries again.
        let _ = self.shop.database.reset();
        self.shop.failures.clear();
        self.shop.requests.clear();
    }
}

fn router(shop: Shop) -> Router {
    let sessions = Router::new()
        .route("/api/login", post(login::login))
        .route("/api/refresh", post(sessions::refresh))
        .route("/api/logout", post(sessions::logout))
        .route("/api/register", post(registration::register));
    let router = if shop.identity_header.is_some() { Router::new() } else { sessions };
    router
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

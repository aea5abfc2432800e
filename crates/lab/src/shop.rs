//! What the handlers share: the state of the shop, and the errors that they answer with.

use std::sync::Arc;

use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::database::Database;
use crate::failures::Failures;
use crate::request_limit::RequestLimit;
use crate::version::Version;

/// State of the handlers.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) version: Version,
    pub(crate) database: Arc<Database>,
    pub(crate) secret: Arc<str>,
    /// The header in which a gate says who calls; nobody else is believed then.
    pub(crate) identity_header: Option<HeaderName>,
    pub(crate) failures: Arc<Failures>,
    pub(crate) requests: Arc<RequestLimit>,
}

/// An error that becomes a response.
#[derive(Debug)]
pub(crate) enum ShopError {
    Unauthorized,
    /// Vulnerable: it tells why a log in failed.
    NoAccount,
    WrongPassword,
    NotFound,
    Refused(&'static str),
    TooMany,
    Internal(String),
}

impl From<rusqlite::Error> for ShopError {
    fn from(error: rusqlite::Error) -> Self {
        ShopError::Internal(error.to_string())
    }
}

impl IntoResponse for ShopError {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            ShopError::Unauthorized => (StatusCode::UNAUTHORIZED, "authentication required".to_owned()),
            ShopError::NoAccount => (StatusCode::NOT_FOUND, "no such account".to_owned()),
            ShopError::WrongPassword => (StatusCode::UNAUTHORIZED, "wrong password".to_owned()),
            ShopError::Refused(why) => (StatusCode::UNPROCESSABLE_ENTITY, why.to_owned()),
            ShopError::NotFound => (StatusCode::NOT_FOUND, "not found".to_owned()),
            ShopError::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too many attempts".to_owned()),
            ShopError::Internal(text) => (StatusCode::INTERNAL_SERVER_ERROR, text),
        };
        (status, axum::Json(json!({ "error": text }))).into_response()
    }
}

//! Between the guard and whoever forwards: who asks, and why there is no answer.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use crate::engine::Engine;
use crate::exchange::Exchange;
use crate::exchange::peer::Transport;

/// Why there is no answer from the upstream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// No upstream can be reached.
    #[error("no upstream can be reached: {0}")]
    Unavailable(String),
    /// The upstream did not answer in time.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// The upstream answered with something that is not HTTP, or broke off.
    #[error("the upstream's answer is broken: {0}")]
    Broken(String),
}

/// Who asks, for whoever forwards.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// The client, behind trusted proxies.
    pub address: std::net::IpAddr,
    /// Whether it speaks TLS.
    pub transport: Transport,
}

/// Tells the upstream who asks, and under which id; whatever the client said of that is gone.
pub(crate) fn identify(engine: &Engine, x: &Exchange<'_>, headers: &mut HeaderMap) {
    let name = &engine.policy.auth.forward_subject;
    headers.remove(name);
    if let Some(subject) = x.principal.as_deref().and_then(|p| HeaderValue::from_str(&p.subject).ok()) {
        headers.insert(name, subject);
    }
    if let Some(id) = x.id.header_value() {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

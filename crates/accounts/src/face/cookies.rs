//! The cookies of the service. Scripts see none of them; browsers send them over TLS alone, and the prefixes of their names
//! hold browsers to that (RFC 6265bis §4.1.3).

use std::time::Duration;

use http::HeaderValue;

pub(crate) use policy::{
    ACCESS_COOKIE as ACCESS, DEVICE_COOKIE as DEVICE, FORM_COOKIE as FORM, PROVIDER_COOKIE as AWAY,
    REFRESH_COOKIE as REFRESH, WAITING_COOKIE as WAITING,
};

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Which cookies are set how.
#[derive(Debug, Clone)]
pub(crate) struct Jar {
    pub(crate) base: String,
    pub(crate) same_site: &'static str,
}

impl Jar {
    pub(crate) fn access(&self, token: &str, lifetime: Duration) -> Option<HeaderValue> {
        self.set(ACCESS, token, "/", lifetime)
    }

    pub(crate) fn refresh(&self, token: &str, lifetime: Duration) -> Option<HeaderValue> {
        self.set(REFRESH, token, &self.base, lifetime)
    }

    pub(crate) fn device(&self, value: &str) -> Option<HeaderValue> {
        self.set(DEVICE, value, "/", YEAR)
    }

    pub(crate) fn waiting(&self, token: &str, lifetime: Duration) -> Option<HeaderValue> {
        self.set(WAITING, token, &self.base, lifetime)
    }

    pub(crate) fn away(&self, token: &str, lifetime: Duration) -> Option<HeaderValue> {
        self.set(AWAY, token, "/", lifetime)
    }

    pub(crate) fn form(&self, value: &str) -> Option<HeaderValue> {
        self.set(FORM, value, "/", Duration::from_secs(24 * 3600))
    }

    /// The session is over: its cookies go.
    pub(crate) fn without_session(&self) -> [Option<HeaderValue>; 2] {
        [self.access("", Duration::ZERO), self.refresh("", Duration::ZERO)]
    }

    fn set(&self, name: &str, value: &str, path: &str, lifetime: Duration) -> Option<HeaderValue> {
        let (same_site, seconds) = (self.same_site, lifetime.as_secs());
        HeaderValue::try_from(format!(
            "{name}={value}; Path={path}; Max-Age={seconds}; Secure; HttpOnly; SameSite={same_site}"
        ))
        .ok()
    }
}

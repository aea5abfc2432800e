//! `[rate.failed_logins]`: one answer for a wrong password and for a name that nobody has.

use std::time::Duration;

use http::StatusCode;

use crate::reader::Reader;
use crate::settings::settings;
use crate::units::Period;

settings! {
    /// `[rate.failed_logins]`: how an API's own log in answers to failures. Unlike answers, or the same answer sooner, tell a
    /// stranger who has an account. Pages of HTML and the errors of token endpoints (RFC 6749 §5.2)
    /// keep their status and content, and so do redirects and answers of 5xx; all but redirects come at the same times as all others; 405, 408, 413, 415 and 429 pass as they are.
    pub struct FailedLoginsConfig {
        /// Whether all log ins that fail are answered alike.
        pub alike: bool = false,
        /// With this status.
        pub status: u16 = 401,
        /// With this JSON. When not set, as problem details (RFC 9457).
        pub body: Option<String> = None,
        /// So long after the request at the soonest. What takes longer is answered after twice as long, or three times.
        pub every: Period = Period(Duration::from_millis(500)),
    }
}

/// The one answer to all log ins that fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// Its status.
    pub status: StatusCode,
    /// Its JSON, where it is said.
    pub body: Option<String>,
    /// It comes at multiples of this.
    pub every: Duration,
}

impl FailedLoginsConfig {
    pub(super) fn compile(&self, reader: &mut Reader) -> Option<Alike> {
        let at = |field| ["rate", "failed_logins", field];
        let is_of_attempts = |status: &StatusCode| {
            status.is_client_error() && ![405, 408, 413, 415, 429].contains(&status.as_u16())
        };
        let status = StatusCode::from_u16(self.status).ok().filter(is_of_attempts);
        if status.is_none() {
            reader.wrong(
                &at("status"),
                "the status of a failure is one of 400 to 499, and none that says something else of a request",
                "status = 401",
            );
        }
        if self.body.as_ref().is_some_and(|body| serde_json::from_str::<serde_json::Value>(body).is_err()) {
            reader.wrong(&at("body"), "this is no JSON", r#"body = '{"error": "wrong name or password"}'"#);
        }
        if self.every.0 > Duration::from_secs(10) || self.every.0.is_zero() {
            reader.wrong(
                &at("every"),
                "people wait for this answer",
                "every = \"500 ms\"; at most 10 seconds",
            );
        }
        let alike = Alike { status: status?, body: self.body.clone(), every: self.every.0 };
        self.alike.then_some(alike)
    }
}

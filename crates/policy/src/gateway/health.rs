//! `[gateway.health]`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::settings::{serialize_as_text, settings};
use crate::units::Period;

settings! {
    /// `[gateway.health]`: health of upstreams.
    pub struct HealthConfig {
        /// Path to ask for, beside what requests show. No active checks when not set.
        pub path: Option<String> = None,
        /// The statuses that a healthy upstream answers to it: `200`, `200-299`.
        pub expected_status: Vec<StatusRange> = vec![StatusRange { first: 100, last: 499 }],
        /// Between two active checks.
        pub interval: Period = Period(Duration::from_secs(5)),
        /// For the answer to an active check.
        pub timeout: Period = Period(Duration::from_secs(5)),
        /// Failed checks in a row after which an upstream is down.
        pub unhealthy_after: u32 = 3,
        /// Passed checks in a row after which it is up again.
        pub healthy_after: u32 = 1,
        /// Failures of requests in a row (connect errors, timeouts, broken answers) after which an upstream is ejected.
        #[formerly("failures")]
        pub consecutive_failures: u32 = 3,
        /// How long it is ejected before it is tried again.
        #[formerly("rest")]
        pub ejection_time: Period = Period(Duration::from_secs(10)),
    }
}

/// A range of statuses, written `200` or `200-299`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange {
    first: u16,
    last: u16,
}

impl StatusRange {
    /// Whether a status is one of them.
    pub fn contains(self, status: StatusCode) -> bool {
        (self.first..=self.last).contains(&status.as_u16())
    }
}

impl FromStr for StatusRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let status = |text: &str| text.trim().parse().ok().filter(|status| (100..=999).contains(status));
        match (status(first), status(last)) {
            (Some(first), Some(last)) if first <= last => Ok(StatusRange { first, last }),
            _ => Err(format!("`{text}` is no status; write `200` or `200-299`")),
        }
    }
}

impl fmt::Display for StatusRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

serialize_as_text!(StatusRange);

impl<'de> Deserialize<'de> for StatusRange {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

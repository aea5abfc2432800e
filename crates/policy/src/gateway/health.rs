//! `[gateway.health]`.

use std::time::Duration;

use crate::settings::settings;
use crate::units::Period;

settings! {
    /// `[gateway.health]`: health of upstreams.
    pub struct HealthConfig {
        /// Path to ask for; any status below 500 is healthy. No active checks when not set.
        pub path: Option<String> = None,
        /// Between two active checks.
        pub interval: Period = Period(Duration::from_secs(5)),
        /// Failures in a row (connect errors, timeouts, failed checks) after which an upstream is ejected.
        #[formerly("failures")]
        pub consecutive_failures: u32 = 3,
        /// How long it is ejected before it is tried again.
        #[formerly("rest")]
        pub ejection_time: Period = Period(Duration::from_secs(10)),
    }
}

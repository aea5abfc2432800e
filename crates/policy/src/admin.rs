//! `[admin]`: the listener for metrics and health.

use std::net::SocketAddr;

use crate::settings::settings;

settings! {
    /// `[admin]`: the listener for metrics and health.
    pub struct AdminConfig {
        /// Where `/metrics` and `/healthz` are served.
        pub listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9901)),
        /// Whether there is an admin listener.
        pub enabled: bool = true,
    }
}

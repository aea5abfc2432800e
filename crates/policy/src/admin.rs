//! `[admin]`: the listener for metrics and health.

use std::net::SocketAddr;

use crate::settings::settings;

settings! {
    /// `[admin]`: the listener for metrics and health.
    pub struct AdminConfig {
        /// Where `/metrics`, `/healthz` and `/readyz` are served. The last is 503 while the gateway drains or no upstream is up.
        pub listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9901)),
        /// Whether there is an admin listener.
        pub enabled: bool = true,
    }
}

//! `[admin]`: the listener for metrics and health.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::settings::settings;

settings! {
    /// `[admin]`: the listener for metrics and health.
    pub struct AdminConfig {
        /// Where `/metrics`, `/healthz` and `/readyz` are served. The last is 503 while the gateway drains or no upstream is up.
        pub listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9901)),
        /// Whether there is an admin listener.
        pub enabled: bool = true,
        /// A Unix socket for `doorward ban`, `unban`, `under-attack` and `status`: `/run/doorward/admin.sock`. Who may open it may
        /// do all of these; it is created for the gateway's user alone. A relative path begins at the policy's directory.
        pub socket: Option<PathBuf> = None,
    }
}

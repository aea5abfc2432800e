//! `[admin]` and `[log]`: the listener for metrics and health, and the destinations of log lines.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::reader::Reader;
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

settings! {
    /// `[log]`: events and the access log.
    pub struct LogConfig {
        /// A file for events and the access log; standard output when not set.
        pub file: Option<PathBuf> = None,
        /// `on`: a line for every request; `off`: events only.
        pub access: AccessLog = AccessLog::On,
    }
}

/// Whether every request gets a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessLog {
    /// One line per request.
    On,
    /// Events only.
    Off,
}

/// Destinations of log lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// A file; standard output when not set.
    pub file: Option<PathBuf>,
    /// Whether every request gets a line.
    pub access: AccessLog,
}

impl LogConfig {
    pub(crate) fn compile(&self, reader: &Reader) -> Log {
        Log { file: self.file.as_ref().map(|file| reader.path(file)), access: self.access }
    }
}

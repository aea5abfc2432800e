//! `[protocol]` and `[network]`.

use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use crate::units::ByteSize;

/// `[protocol]`: sizes, depths and spellings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProtocolConfig {
    /// Request line and headers together.
    pub max_head: ByteSize,
    /// Number of header fields.
    pub max_headers: usize,
    /// Path and query together.
    pub max_target: ByteSize,
    /// A request body that is held back; above it 413.
    pub max_body: ByteSize,
    /// A body on a login route.
    pub max_login_body: ByteSize,
    /// A compressed body, decoded.
    pub max_decoded_body: ByteSize,
    /// Decoded bytes per compressed byte.
    pub max_compression_ratio: u32,
    /// Nesting of JSON and XML.
    pub max_depth: usize,
    /// Values in one JSON or XML body, fields of one form, parameters of one query.
    pub max_members: usize,
    /// Header names with an underscore, which CGI-style servers confuse with the same name with a dash.
    pub underscore_headers: UnderscoreHeaders,
}

impl Default for ProtocolConfig {
    fn default() -> Self {
        ProtocolConfig {
            max_head: ByteSize::kib(32),
            max_headers: 100,
            max_target: ByteSize::kib(8),
            max_body: ByteSize::mib(1),
            max_login_body: ByteSize::kib(8),
            max_decoded_body: ByteSize::mib(8),
            max_compression_ratio: 100,
            max_depth: 64,
            max_members: 10_000,
            underscore_headers: UnderscoreHeaders::Strip,
        }
    }
}

/// What to do with header names that hold an underscore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnderscoreHeaders {
    /// Leave them out of what the upstream gets, with an event.
    Strip,
    /// Refuse the request.
    Refuse,
    /// Let them pass.
    Pass,
}

/// `[network]`: who may speak at all.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// When not empty, only these networks.
    pub allow: Vec<IpNet>,
    /// Never these networks.
    pub deny: Vec<IpNet>,
    /// Files of networks to deny, one a line, `#` comments.
    pub deny_files: Vec<PathBuf>,
    /// Whether a request must say which agent it comes from.
    pub require_user_agent: bool,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        NetworkConfig {
            allow: Vec::new(),
            deny: Vec::new(),
            deny_files: Vec::new(),
            require_user_agent: true,
        }
    }
}

//! `[log]`: where events and the lines of requests go, and what such a line says.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::reader::Reader;
use crate::settings::settings;

settings! {
    /// `[log]`: events and the access log.
    pub struct LogConfig {
        /// A file for events and the access log; standard output when not set. SIGHUP and SIGUSR1 open it anew, for log
        /// rotation.
        pub file: Option<PathBuf> = None,
        /// `on`: a line for every request; `off`: events only.
        pub access: AccessLog = AccessLog::On,
        /// A file of its own for the lines of requests; with the events when not set.
        pub access_file: Option<PathBuf> = None,
        /// The form of these lines: `json`, or `combined` as Apache and nginx write it. Events are always JSON.
        pub access_format: AccessFormat = AccessFormat::Json,
        /// The fields of a JSON line, in this order; all of them when empty. docs/events.md lists them.
        pub access_fields: Vec<AccessField> = Vec::new(),
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

/// The form of a request's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessFormat {
    /// An object with a field for each thing that is known.
    Json,
    /// The combined format of Apache and nginx.
    Combined,
}

/// Defines the fields of a request's line: variant, name.
macro_rules! access_fields {
    ($($(#[doc = $help:literal])* $field:ident = $name:literal,)*) => {
        /// A field of a request's line.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
        pub enum AccessField {
            $($(#[doc = $help])* #[serde(rename = $name)] $field,)*
        }

        impl AccessField {
            /// All of them, in the order of a line.
            pub const ALL: &'static [AccessField] = &[$(AccessField::$field,)*];

            /// Its name in a line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(AccessField::$field => $name,)*
                }
            }
        }
    };
}

access_fields! {
    /// When the request ended.
    Time = "time",
    /// Its id, which its events have, too.
    Id = "id",
    /// The `X-Request-Id` that a trusted proxy gave it.
    RequestId = "request_id",
    /// The client's address.
    Client = "client",
    /// The method.
    Method = "method",
    /// The host that was asked for.
    Host = "host",
    /// The path as the client wrote it.
    Path = "path",
    /// The query; values whose names announce a secret are redacted.
    Query = "query",
    /// The HTTP version.
    Protocol = "protocol",
    /// The TLS version of the client's connection.
    Tls = "tls",
    /// The name that the client asked for in the TLS handshake.
    ServerName = "server_name",
    /// What that handshake shows of the client's program (JA4).
    Ja4 = "ja4",
    /// The id that a proxy gave the connection (PROXY protocol).
    ConnectionId = "connection_id",
    /// The route.
    Route = "route",
    /// The verified subject.
    Principal = "principal",
    /// The user agent.
    UserAgent = "user_agent",
    /// The referrer; its query is redacted as the request's is.
    Referrer = "referrer",
    /// The status that the client got; 499 when it left before there was one.
    Status = "status",
    /// The gravest verdict of its events, or `passed`.
    Verdict = "verdict",
    /// Bytes of the request's body that were read.
    ReceivedBytes = "received_bytes",
    /// Bytes of the answer's body that were sent.
    Bytes = "bytes",
    /// Who broke the answer off: `client` or `upstream`.
    CutOffBy = "cut_off_by",
    /// The upstream that answered.
    Upstream = "upstream",
    /// Microseconds from the request's head to the end of the answer.
    Latency = "latency_us",
    /// Microseconds of it in which an upstream's head was waited for.
    UpstreamTime = "upstream_us",
    /// Microseconds of it in which the doors worked.
    GuardTime = "guard_us",
}

/// Destinations of log lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// A file; standard output when not set.
    pub file: Option<PathBuf>,
    /// The lines of requests; `None` if there are none.
    pub access: Option<AccessLines>,
}

/// Where the lines of requests go, and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLines {
    /// A file of their own.
    pub file: Option<PathBuf>,
    /// Their form.
    pub style: AccessStyle,
}

/// The form of a request's line, with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessStyle {
    /// JSON with these fields.
    Json(Vec<AccessField>),
    /// The combined format.
    Combined,
}

impl LogConfig {
    pub(crate) fn compile(&self, reader: &mut Reader) -> Log {
        let fields = match self.access_fields.as_slice() {
            [] => AccessField::ALL.to_vec(),
            chosen => chosen.to_vec(),
        };
        for (i, field) in self.access_fields.iter().enumerate() {
            if self.access_fields.iter().take(i).any(|earlier| earlier == field) {
                let message = format!("`{}` is there already", field.name());
                reader.wrong(&["log", "access_fields", &i.to_string()], message, "remove it");
            }
        }
        if self.access_format == AccessFormat::Combined && !self.access_fields.is_empty() {
            reader.wrong(
                &["log", "access_fields"],
                "the combined format has fields of its own",
                "remove `access_fields`, or write `access_format = \"json\"`",
            );
        }
        let style = match self.access_format {
            AccessFormat::Json => AccessStyle::Json(fields),
            AccessFormat::Combined => AccessStyle::Combined,
        };
        let file = self.access_file.as_ref().map(|file| reader.path(file));
        Log {
            file: self.file.as_ref().map(|file| reader.path(file)),
            access: (self.access == AccessLog::On).then_some(AccessLines { file, style }),
        }
    }
}

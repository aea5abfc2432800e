//! The JSON form of ModSecurity's audit log, so that what reads such logs reads ours.
//!
//! Parts A, B, F and H; bodies are left out.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// An entry of the audit log.
#[derive(Debug, Serialize)]
pub struct Audit {
    /// All of it.
    pub transaction: AuditTransaction,
}

/// An exchange in which rules matched.
#[derive(Debug, Serialize)]
pub struct AuditTransaction {
    pub(crate) client_ip: String,
    pub(crate) time_stamp: String,
    pub(crate) unique_id: String,
    pub(crate) request: AuditRequest,
    pub(crate) response: AuditResponse,
    pub(crate) producer: AuditProducer,
    /// What matched, in order.
    pub messages: Vec<AuditMessage>,
}

#[derive(Debug, Serialize)]
pub(crate) struct AuditRequest {
    pub(crate) method: String,
    pub(crate) http_version: String,
    pub(crate) uri: String,
    pub(crate) headers: Headers,
}

#[derive(Debug, Serialize)]
pub(crate) struct AuditResponse {
    pub(crate) http_code: u16,
}

#[derive(Debug, Serialize)]
pub(crate) struct AuditProducer {
    pub(crate) modsecurity: &'static str,
    pub(crate) connector: &'static str,
    pub(crate) secrules_engine: &'static str,
    pub(crate) components: Vec<String>,
}

/// A rule that matched.
#[derive(Debug, Serialize)]
pub struct AuditMessage {
    /// What it says.
    pub message: String,
    /// Which it is, and what it saw.
    pub details: AuditDetails,
}

/// Which rule matched, and what it saw.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditDetails {
    #[serde(rename = "match")]
    pub(crate) what: String,
    /// The variable that matched.
    #[serde(skip)]
    pub variable: String,
    /// Its value as the rule saw it: transformed, and redacted when it is a secret by its name.
    #[serde(skip)]
    pub value: String,
    pub(crate) reference: &'static str,
    /// Its id.
    pub rule_id: String,
    pub(crate) file: String,
    pub(crate) line_number: String,
    /// What it says of the value.
    pub data: String,
    pub(crate) severity: String,
    pub(crate) ver: String,
    pub(crate) rev: &'static str,
    /// Its tags.
    pub tags: Vec<String>,
    pub(crate) maturity: &'static str,
    pub(crate) accuracy: &'static str,
}

/// Names and values; lines of one name follow each other.
#[derive(Debug)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

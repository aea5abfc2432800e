//! HTTP Archives (HAR 1.2), as browsers and proxies save them.

use serde_json::{Map, Value};

use crate::observation::{Observation, unverified_claims};

/// Why an archive cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HarError {
    /// Not JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// No `log.entries`.
    #[error("no HTTP Archive: it has no `log.entries`")]
    NoEntries,
}

/// The exchanges of an archive; those with one host only, when it is named.
///
/// # Errors
/// When it is no archive. Single entries that cannot be read are left out.
pub fn read_har(text: &str, host: Option<&str>) -> Result<Vec<Observation>, HarError> {
    let archive: Value = serde_json::from_str(text).map_err(|e| HarError::Syntax(e.to_string()))?;
    let Some(Value::Array(entries)) = archive.pointer("/log/entries") else {
        return Err(HarError::NoEntries);
    };
    Ok(entries.iter().filter_map(|entry| observation(entry, host)).collect())
}

fn observation(entry: &Value, host: Option<&str>) -> Option<Observation> {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
    let url: http::Uri = text("/request/url")?.parse().ok()?;
    if host.is_some_and(|host| url.host() != Some(host)) {
        return None;
    }
    let header = |side: &str, name: &str| {
        let headers = entry.pointer(&format!("/{side}/headers")).and_then(Value::as_array)?;
        headers.iter().find_map(|header| {
            let named = header.get("name")?.as_str()?.eq_ignore_ascii_case(name);
            named.then(|| header.get("value")?.as_str().map(str::to_owned)).flatten()
        })
    };
    let essence = |kind: &str| kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let request = text("/request/postData/mimeType").map(essence).and_then(|kind| {
        let body = text("/request/postData/text").unwrap_or("");
        body_value(&kind, body).map(|value| (kind, value))
    });
    let response =
        text("/response/content/mimeType").map(essence).filter(|kind| !kind.is_empty()).map(|kind| {
            let encoded = text("/response/content/encoding") == Some("base64");
            let value =
                text("/response/content/text").filter(|_| !encoded).and_then(|body| body_value(&kind, body));
            (kind, value)
        });
    Some(Observation {
        method: text("/request/method")?.parse().ok()?,
        path: url.path().to_owned(),
        query: form_urlencoded::parse(url.query().unwrap_or("").as_bytes()).into_owned().collect(),
        request,
        status: entry.pointer("/response/status").and_then(Value::as_u64)?.try_into().ok()?,
        response,
        claims: header("request", "authorization").map_or_else(Map::new, |value| unverified_claims(&value)),
    })
}

/// A body as a value, when it is JSON or a form.
fn body_value(kind: &str, body: &str) -> Option<Value> {
    if kind == "application/json" || kind.ends_with("+json") {
        return serde_json::from_str(body).ok();
    }
    (kind == "application/x-www-form-urlencoded").then(|| {
        let pairs = form_urlencoded::parse(body.as_bytes()).into_owned();
        Value::Object(pairs.map(|(name, value)| (name, value.into())).collect())
    })
}

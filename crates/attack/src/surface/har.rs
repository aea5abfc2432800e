//! The surface as a recording of a browser or a proxy shows it (HAR 1.2).

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::recording::{Recorded, RecordingError, object, scalar, surface};
use super::{BodyFormat, Surface};
use crate::api_url::ApiUrl;

/// Files of pages, which are no operations.
const FILES: [&str; 16] = [
    ".js",
    ".mjs",
    ".css",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".svg",
    ".ico",
    ".webp",
    ".woff",
    ".woff2",
    ".ttf",
    ".map",
    ".mp4",
    ".webmanifest",
];

impl Surface {
    /// The operations that a recording shows. Where it has requests to the server of the URL, those are taken, below the
    /// URL's path; else those to the server from which most JSON came: a recording of another stage of the same API.
    ///
    /// # Errors
    /// When it is no recording, or has no request to an API.
    pub fn of_har(text: &str, url: &ApiUrl) -> Result<Self, RecordingError> {
        let har: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| RecordingError::Json(error.to_string()))?;
        let entries = har.pointer("/log/entries").and_then(Value::as_array);
        let entries = entries.ok_or(RecordingError::Kind("not a HAR recording: there is no log.entries"))?;
        let all: Vec<(String, Recorded, bool)> = entries.iter().filter_map(read).collect();
        let is_named = |server: &String| server.eq_ignore_ascii_case(&url.server());
        let server = match all.iter().find(|(server, ..)| is_named(server)) {
            Some((server, ..)) => Some(server.clone()),
            None => busiest(&all),
        };
        let is_of = |(from, ..): &(String, Recorded, bool)| Some(from) == server.as_ref();
        let recorded: Vec<Recorded> =
            all.iter().filter(|entry| is_of(entry)).map(|(_, one, _)| one.clone()).collect();
        let found = surface(recorded.into_iter().filter_map(|one| below(one, url)));
        match found.endpoints.is_empty() {
            true => Err(RecordingError::Nothing(format!(" at {url}"))),
            false => Ok(found),
        }
    }
}

/// The request without the path of the URL, which the client puts before it.
pub(super) fn below(mut one: Recorded, url: &ApiUrl) -> Option<Recorded> {
    let rest = one.path.strip_prefix(url.base_path.as_str())?;
    if !rest.starts_with('/') && !rest.is_empty() {
        return None;
    }
    one.path = if rest.is_empty() { "/".to_owned() } else { rest.to_owned() };
    Some(one)
}

/// The server from which most JSON came.
fn busiest(all: &[(String, Recorded, bool)]) -> Option<String> {
    let count = |server: &str| all.iter().filter(|(from, _, is_json)| from == server && *is_json).count();
    let servers = all.iter().map(|(server, ..)| server);
    servers.filter(|server| count(server) > 0).max_by_key(|server| count(server)).cloned()
}

/// A request with its server, and whether JSON was sent or came back.
fn read(entry: &Value) -> Option<(String, Recorded, bool)> {
    let request = entry.get("request")?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let (scheme, rest) = request.get("url")?.as_str()?.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (server, target) = rest.split_at(end);
    let server = server.rsplit('@').next()?.to_ascii_lowercase();
    let server =
        server.strip_suffix(if scheme == "https" { ":443" } else { ":80" }).unwrap_or(&server).to_owned();
    let target = target.split('#').next()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if FILES.iter().any(|end| path.to_ascii_lowercase().ends_with(end)) {
        return None;
    }
    let answered = entry.pointer("/response/content");
    let media_type =
        answered.map(|content| text(content, "mimeType")).unwrap_or_default().to_ascii_lowercase();
    let response = answered.and_then(|content| serde_json::from_str(content.get("text")?.as_str()?).ok());
    // What is not there shows nothing; what was refused may.
    if entry.pointer("/response/status").and_then(Value::as_u64) == Some(404) {
        return None;
    }
    let body = request.get("postData").and_then(body);
    let is_json = media_type.contains("json") || matches!(body, Some((BodyFormat::Json(_), _)));
    let is_page = media_type.contains("html");
    let recorded = Recorded {
        method: text(request, "method").to_ascii_uppercase().parse().ok()?,
        path: decoded_path(path),
        name: String::new(),
        query: pairs(query),
        headers: headers(request.get("headers")),
        body,
        response,
        is_page,
    };
    Some((server, recorded, is_json))
}

/// Segments decoded one by one: an encoded slash stays.
fn decoded_path(path: &str) -> String {
    let segment = |segment: &str| {
        let text = percent_decode_str(segment).decode_utf8_lossy().into_owned();
        if text.contains(['/', '{', '}', '?', '#']) { segment.to_owned() } else { text }
    };
    let path = path.split('/').map(segment).collect::<Vec<_>>().join("/");
    if path.starts_with('/') { path } else { format!("/{path}") }
}

/// The pairs of a query or a form.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    text.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

/// Headers as a list of `name` and `value`.
fn headers(list: Option<&Value>) -> Vec<(String, String)> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let pair = |header: &Value| {
        Some((header.get("name")?.as_str()?.to_owned(), header.get("value")?.as_str()?.to_owned()))
    };
    list.filter_map(pair).collect()
}

fn body(posted: &Value) -> Option<(BodyFormat, Value)> {
    let media_type = posted.get("mimeType").and_then(Value::as_str).unwrap_or("").to_ascii_lowercase();
    let text = posted.get("text").and_then(Value::as_str).unwrap_or("");
    let essence = media_type.split(';').next().unwrap_or("").trim();
    let params = posted.get("params").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let listed = |name: &Value| Some(name.get("name")?.as_str()?.to_owned());
    if essence.ends_with("json") || essence.is_empty() {
        return Some((BodyFormat::Json("application/json".into()), serde_json::from_str(text).ok()?));
    }
    if essence == "application/x-www-form-urlencoded" {
        let from_text =
            || pairs(text).into_iter().map(|(name, value)| (name, scalar(&value))).collect::<Vec<_>>();
        let value = |param: &Value| {
            let encoded = param.get("value").and_then(Value::as_str).unwrap_or("");
            Some((listed(param)?, scalar(&percent_decode_str(encoded).decode_utf8_lossy())))
        };
        let all = if text.is_empty() { params.iter().filter_map(value).collect() } else { from_text() };
        return Some((BodyFormat::Form, object(all)));
    }
    if essence == "multipart/form-data" {
        let is_file = |param: &&Value| param.get("fileName").is_some();
        let files = params.iter().filter(is_file).filter_map(listed).collect();
        let value = |param: &Value| {
            Some((listed(param)?, scalar(param.get("value").and_then(Value::as_str).unwrap_or("a note"))))
        };
        let all: Vec<(String, Value)> = params.iter().filter_map(value).collect();
        return (!all.is_empty()).then(|| (BodyFormat::Multipart(files), object(all)));
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(method: &str, url: &str, posted: Value, content: Value) -> Value {
        json!({ "request": { "method": method, "url": url, "headers": [], "postData": posted },
            "response": { "status": 200, "content": content } })
    }

    fn names(entries: &[Value], url: &str) -> Vec<String> {
        let har = json!({ "log": { "entries": entries } }).to_string();
        let surface = Surface::of_har(&har, &url.parse().unwrap()).unwrap();
        surface.endpoints.iter().map(super::super::Endpoint::name).collect()
    }

    #[test]
    fn a_recording_has_the_operations_of_one_server() {
        let page = json!({ "mimeType": "application/json", "text": "{\"id\":1}" });
        let entries = [
            entry("GET", "https://shop.example/app.js", Value::Null, Value::Null),
            entry("GET", "https://shop.example/api/orders/1?page=2#x", Value::Null, page.clone()),
            entry("GET", "https://shop.example:443/api/orders/22", Value::Null, page.clone()),
            entry(
                "POST",
                "https://shop.example/api/login",
                json!({ "mimeType": "application/x-www-form-urlencoded", "text": "username=a&password=b+c" }),
                page.clone(),
            ),
            entry("POST", "https://count.example/hit", Value::Null, page.clone()),
            entry("OPTIONS", "https://shop.example/api/orders", Value::Null, Value::Null),
        ];
        let expected = ["GET /api/orders/{order_id}", "POST /api/login"];
        assert_eq!(names(&entries, "https://shop.example"), expected);
        // Another stage of the same API, and its path in the URL.
        assert_eq!(names(&entries, "http://127.0.0.1:8000"), expected);
        let below = ["GET /orders/{order_id}", "POST /login"];
        assert_eq!(names(&entries, "https://shop.example/api"), below);
    }

    #[test]
    fn what_is_no_recording_is_an_error_that_says_so() {
        for (text, reason) in [
            ("<html>", "not JSON"),
            ("{}", "not a HAR recording"),
            (r#"{"log":{"entries":[{"request":7},{"request":{"url":"x"}}]}}"#, "no request to an API in it"),
        ] {
            let error = Surface::of_har(text, &"http://a.example".parse().unwrap()).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{error}");
        }
    }
}

//! Servers: where the paths of a document begin (OpenAPI 3.1 §4.8.5).

use serde_json::Value;

/// Where the API is served. Host and port are not the document's to say: a gateway listens where its policy says, and
/// a test environment is elsewhere. What counts is the path, which stands before every path of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The path without a slash at its end, empty for the root. A variable is a parameter: `/{version}`.
    pub base_path: Box<str>,
    /// The same with the default of each variable: `/v1`.
    pub default_path: Box<str>,
}

impl Server {
    /// The servers of a document that differ in their path; one at the root when it has none.
    pub(crate) fn all(root: &Value) -> Vec<Server> {
        let mut servers: Vec<Server> = Vec::new();
        for server in root.get("servers").and_then(Value::as_array).into_iter().flatten() {
            let Some(url) = server.get("url").and_then(Value::as_str) else { continue };
            let base_path = path(url);
            if !servers.iter().any(|known| *known.base_path == *base_path) {
                let default_path = path(&with_defaults(url, server.get("variables"))).into();
                servers.push(Server { base_path: base_path.into(), default_path });
            }
        }
        if servers.is_empty() {
            servers.push(Server { base_path: "".into(), default_path: "".into() });
        }
        servers
    }
}

/// The path of a URL, or of a reference without a host.
fn path(url: &str) -> &str {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(""),
        None => url,
    };
    path.trim_end_matches('/')
}

/// OpenAPI 3.1 §4.8.6: every variable has a default.
fn with_defaults(url: &str, variables: Option<&Value>) -> String {
    let mut url = url.to_owned();
    for (name, variable) in variables.and_then(Value::as_object).into_iter().flatten() {
        if let Some(default) = variable.get("default").and_then(Value::as_str) {
            url = url.replace(&format!("{{{name}}}"), default);
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn servers_are_told_apart_by_their_path() {
        let version = json!({ "version": { "default": "v2/api" }, "host": { "default": "shop.example" } });
        for (servers, expected) in [
            (json!(null), &[("", "")][..]),
            (json!([]), &[("", "")]),
            (json!([{ "url": "/" }]), &[("", "")]),
            (json!([{ "url": "https://shop.example" }]), &[("", "")]),
            (json!([{ "url": "https://shop.example/v1/" }]), &[("/v1", "/v1")]),
            (json!([{ "url": "/v1" }, { "url": "http://localhost:8080/v1" }]), &[("/v1", "/v1")]),
            (json!([{ "url": "/v1" }, { "url": "/v2" }]), &[("/v1", "/v1"), ("/v2", "/v2")]),
            (
                json!([{ "url": "https://{host}/{version}", "variables": version }]),
                &[("/{version}", "/v2/api")],
            ),
            (json!([{ "description": "no url" }]), &[("", "")]),
        ] {
            let found = Server::all(&json!({ "servers": servers }));
            let found: Vec<_> = found.iter().map(|s| (&*s.base_path, &*s.default_path)).collect();
            assert_eq!(found, expected, "{servers}");
        }
    }
}

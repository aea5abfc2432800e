//! The surface as a Postman collection has it (v2.0 and v2.1).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::har::{below, pairs};
use super::recording::{Recorded, RecordingError, object, scalar, surface};
use super::{BodyFormat, Surface};
use crate::api_url::ApiUrl;

/// The deepest nesting of folders.
const MAX_FOLDERS: usize = 20;
/// The most requests.
const MAX_REQUESTS: usize = 20_000;

impl Surface {
    /// The operations of a collection. Its requests are sent to the URL, wherever they would go by themselves.
    ///
    /// # Errors
    /// When it is no collection, or has no request.
    pub fn of_postman(text: &str, url: &ApiUrl) -> Result<Self, RecordingError> {
        let collection: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| RecordingError::Json(error.to_string()))?;
        let whole = collection.get("collection").unwrap_or(&collection);
        let items = whole.get("item").and_then(Value::as_array);
        let items = items.ok_or(RecordingError::Kind("not a Postman collection: there is no `item`"))?;
        let variables = whole.get("variable").and_then(Value::as_array).into_iter().flatten();
        let variable = |entry: &Value| {
            let name = entry.get("key").or_else(|| entry.get("id"))?.as_str()?;
            Some((name.to_owned(), plain(entry.get("value")?)))
        };
        let reader = Reader { variables: variables.filter_map(variable).collect() };
        let mut recorded = Vec::new();
        reader.items(items, whole.get("auth"), MAX_FOLDERS, &mut recorded);
        let found = surface(recorded.into_iter().map(|one| below(one.clone(), url).unwrap_or(one)));
        match found.endpoints.is_empty() {
            true => Err(RecordingError::Nothing(String::new())),
            false => Ok(found),
        }
    }
}

struct Reader {
    variables: HashMap<String, String>,
}

impl Reader {
    fn items(&self, items: &[Value], auth: Option<&Value>, depth: usize, recorded: &mut Vec<Recorded>) {
        for item in items {
            let auth = item.get("auth").or(auth);
            if let (Some(inner), 1..) = (item.get("item").and_then(Value::as_array), depth) {
                self.items(inner, auth, depth - 1, recorded);
            }
            let name = item.get("name").and_then(Value::as_str).unwrap_or("");
            if recorded.len() < MAX_REQUESTS
                && let Some(one) = item.get("request").and_then(|request| self.request(name, request, auth))
            {
                recorded.push(one);
            }
        }
    }

    fn request(&self, name: &str, request: &Value, auth: Option<&Value>) -> Option<Recorded> {
        // A request may be nothing but its URL.
        let url = request.get("url").or(request.is_string().then_some(request))?;
        let method = request.get("method").and_then(Value::as_str).unwrap_or("GET").to_ascii_uppercase();
        let raw = url.as_str().or_else(|| url.get("raw")?.as_str()).unwrap_or("");
        let (path_of_raw, query_of_raw) = raw.split_once('?').unwrap_or((raw, ""));
        let path = match url.get("path") {
            Some(Value::Array(parts)) => {
                format!("/{}", parts.iter().map(plain).collect::<Vec<_>>().join("/"))
            }
            Some(Value::String(path)) => path.clone(),
            _ => self.path_of(path_of_raw),
        };
        // A path behind the variable with the server: `{{baseUrl}}` may have one.
        let query = match url.get("query").and_then(Value::as_array) {
            Some(list) => self.listed(list).into_iter().map(|(name, value)| (name, plain(&value))).collect(),
            None => {
                pairs(query_of_raw).into_iter().map(|(name, value)| (name, self.filled(&value))).collect()
            }
        };
        let headers = request.get("header").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut headers: Vec<(String, String)> =
            self.listed(headers).into_iter().map(|(name, value)| (name, plain(&value))).collect();
        headers.extend(shown(request.get("auth").or(auth)));
        Some(Recorded {
            method: method.parse().ok()?,
            path: self.segments(&path),
            name: name.to_owned(),
            query,
            headers,
            body: request.get("body").and_then(|body| self.body(body)),
            ..Recorded::default()
        })
    }

    /// The path of a URL whose server may be a variable.
    fn path_of(&self, raw: &str) -> String {
        let rest = raw.split_once("://").map_or(raw, |(_, rest)| rest);
        rest.find('/').and_then(|start| rest.get(start..)).unwrap_or("/").to_owned()
    }

    /// `:id` and `{{id}}` are parameters. A variable of the collection that is no id is what it says.
    fn segments(&self, path: &str) -> String {
        let segment = |segment: &str| {
            if let Some(name) = segment.strip_prefix(':').filter(|name| !name.is_empty()) {
                return format!("{{{name}}}");
            }
            let Some(name) = segment.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) else {
                return self.filled(segment);
            };
            let is_part = |value: &&String| {
                value.chars().any(char::is_alphabetic) && value.len() < 16 && !value.contains('/')
            };
            match self.variables.get(name).filter(is_part) {
                Some(value) if !crate::answer::values::is_id_name(name) => value.clone(),
                _ => format!("{{{}}}", name.replace(['{', '}', '$', '/'], "")),
            }
        };
        let path = path.split('/').map(segment).collect::<Vec<_>>().join("/");
        if path.starts_with('/') { path } else { format!("/{path}") }
    }

    /// A text with the values of the collection's variables. What it does not know is `1`: often an id.
    fn filled(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            out.push_str(before);
            let Some((name, behind)) = after.split_once("}}") else {
                out.push_str("{{");
                rest = after;
                continue;
            };
            out.push_str(self.variables.get(name.trim()).map_or("1", String::as_str));
            rest = behind;
        }
        out + rest
    }

    /// A list of `key` and `value`, without what is disabled.
    fn listed(&self, list: &[Value]) -> Vec<(String, Value)> {
        let is_on = |entry: &&Value| entry.get("disabled") != Some(&Value::Bool(true));
        let pair = |entry: &Value| {
            let value = entry.get("value").map(plain).unwrap_or_default();
            Some((entry.get("key")?.as_str()?.to_owned(), Value::from(self.filled(&value))))
        };
        list.iter().filter(is_on).filter_map(pair).collect()
    }

    fn body(&self, body: &Value) -> Option<(BodyFormat, Value)> {
        let json = || BodyFormat::Json("application/json".into());
        let list = |name: &str| body.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let scalars = |pairs: Vec<(String, Value)>| -> Vec<(String, Value)> {
            pairs.into_iter().map(|(name, value)| (name, scalar(&plain(&value)))).collect()
        };
        match body.get("mode")?.as_str()? {
            "raw" => Some((json(), serde_json::from_str(&self.filled(body.get("raw")?.as_str()?)).ok()?)),
            "urlencoded" => Some((BodyFormat::Form, object(scalars(self.listed(list("urlencoded")))))),
            "formdata" => {
                let all = list("formdata");
                let is_file = |entry: &&Value| entry.get("type").and_then(Value::as_str) == Some("file");
                let name = |entry: &Value| Some(entry.get("key")?.as_str()?.to_owned());
                let files = all.iter().filter(is_file).filter_map(name).collect();
                Some((BodyFormat::Multipart(files), object(scalars(self.listed(all)))))
            }
            "graphql" => {
                let graphql = body.get("graphql")?;
                let variables = graphql.get("variables").and_then(Value::as_str).unwrap_or("{}");
                let variables: Value =
                    serde_json::from_str(&self.filled(variables)).unwrap_or_else(|_| json!({}));
                Some((json(), json!({ "query": graphql.get("query")?, "variables": variables })))
            }
            _ => None,
        }
    }
}

/// A header in place of the collection's way to authenticate. Its secrets are not read.
fn shown(auth: Option<&Value>) -> Option<(String, String)> {
    let auth = auth?;
    let header = |value: &str| Some(("authorization".to_owned(), value.to_owned()));
    match auth.get("type")?.as_str()? {
        "bearer" | "oauth2" | "jwt" => header("Bearer token"),
        "basic" => header("Basic token"),
        "apikey" => {
            let list = auth.get("apikey")?.as_array()?;
            let named = |name: &str| {
                let entry =
                    list.iter().find(|entry| entry.get("key").and_then(Value::as_str) == Some(name))?;
                entry.get("value")?.as_str()
            };
            (named("in") != Some("query")).then(|| Some((named("key")?.to_owned(), "key".to_owned())))?
        }
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Endpoint, Kind, Place, Scheme};
    use super::*;

    #[test]
    fn a_collection_has_operations_in_folders_with_variables() {
        let collection = json!({
            "info": { "name": "shop" },
            "auth": { "type": "bearer", "bearer": [{ "key": "token", "value": "secret" }] },
            "variable": [{ "key": "baseUrl", "value": "https://shop.example/v1" }, { "key": "stage", "value": "beta" }],
            "item": [
                { "name": "orders", "item": [
                    { "name": "one", "request": { "method": "GET", "url": {
                        "raw": "{{baseUrl}}/orders/:order_id?page=1", "host": ["{{baseUrl}}"],
                        "path": ["orders", ":order_id"], "query": [{ "key": "page", "value": "1" }, { "key": "x", "disabled": true }] } } },
                    { "name": "new", "request": { "method": "POST", "url": "{{baseUrl}}/orders",
                        "body": { "mode": "raw", "raw": "{ \"customer_id\": {{customer}}, \"title\": \"desk\" }" } } },
                ] },
                { "name": "user", "request": { "method": "GET", "url": "{{baseUrl}}/{{stage}}/users/{{user_id}}" } },
                { "name": "file", "request": { "method": "POST", "url": "{{baseUrl}}/files", "body": { "mode": "formdata",
                    "formdata": [{ "key": "file", "type": "file", "src": "a" }, { "key": "caption", "value": "b" }] } } },
            ],
        });
        let surface =
            Surface::of_postman(&collection.to_string(), &"http://127.0.0.1:1".parse().unwrap()).unwrap();
        let names: Vec<String> = surface.endpoints.iter().map(Endpoint::name).collect();
        assert_eq!(
            names,
            ["GET /orders/{order_id}", "POST /orders", "GET /beta/users/{user_id}", "POST /files"]
        );
        assert_eq!(surface.schemes, [Scheme::Authorization("Bearer".into())]);
        assert!(surface.endpoints[0].parameter(Place::Query, "page").is_some());
        let body = surface.endpoints[1].body.as_ref().unwrap();
        let kinds: Vec<&Kind> = body.shape.properties().iter().map(|field| &field.shape.kind).collect();
        assert_eq!(kinds, [&Kind::Integer, &Kind::Text]);
        assert_eq!(
            surface.endpoints[3].body.as_ref().unwrap().format,
            BodyFormat::Multipart(vec!["file".into()])
        );
        assert!(!format!("{surface:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_collection_is_an_error_that_says_so() {
        for (text, reason) in [
            ("", "not JSON"),
            ("{}", "not a Postman collection"),
            (r#"{"item":[{"request":null},{"item":[]},7]}"#, "no request to an API in it"),
        ] {
            let error =
                Surface::of_postman(text, &"http://a.example".parse().unwrap()).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{error}");
        }
    }
}

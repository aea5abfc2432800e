//! What the API offers, as its OpenAPI document says.

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value};

/// The operations of an API.
#[derive(Debug, Clone, Default)]
pub struct Surface {
    /// All of them.
    pub endpoints: Vec<Endpoint>,
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Method.
    pub method: Method,
    /// Path template.
    pub path: String,
    /// Names of query parameters that take text.
    pub query: Vec<String>,
    /// Names of query parameters that take a list.
    pub lists: Vec<String>,
    /// The body.
    pub body: Body,
    /// Whether an identity is needed.
    pub secured: bool,
    /// Properties of the successful response, of an object or of the items of a list.
    pub response: Vec<String>,
    /// Whether the successful response is HTML.
    pub html: bool,
}

/// A request body.
#[derive(Debug, Clone)]
pub enum Body {
    /// None.
    None,
    /// A JSON object with these properties.
    Json(Map<String, Value>),
    /// A form with files.
    Multipart(Vec<String>),
}

/// Why a document says nothing.
#[derive(Debug, thiserror::Error)]
pub enum SurfaceError {
    /// Neither JSON nor YAML.
    #[error("the OpenAPI document cannot be read: {0}")]
    Syntax(String),
    /// No paths.
    #[error("the OpenAPI document has no paths")]
    Empty,
}

impl Surface {
    /// Reads a document, YAML or JSON.
    ///
    /// # Errors
    /// When it is neither, or has no paths.
    pub fn parse(text: &str) -> Result<Self, SurfaceError> {
        let document: Value = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|e| SurfaceError::Syntax(e.to_string()))?
        } else {
            serde_saphyr::from_str(text).map_err(|e| SurfaceError::Syntax(e.to_string()))?
        };
        let Some(Value::Object(paths)) = document.get("paths") else { return Err(SurfaceError::Empty) };
        let mut endpoints = Vec::new();
        for (path, item) in paths {
            for (name, operation) in item.as_object().into_iter().flatten() {
                let Ok(method) = name.to_ascii_uppercase().parse::<Method>() else { continue };
                if operation.get("responses").is_some() {
                    endpoints.push(endpoint(&document, method, path, item, operation));
                }
            }
        }
        Ok(Surface { endpoints })
    }

    /// The operation that exchanges a name and a password for a token.
    pub fn login(&self) -> Option<&Endpoint> {
        let last = |e: &Endpoint| e.path.rsplit('/').next().unwrap_or("").to_ascii_lowercase();
        self.endpoints.iter().find(|e| {
            e.method == Method::POST
                && ["login", "signin", "sign-in", "authenticate", "token", "session", "sessions"]
                    .contains(&last(e).as_str())
        })
    }

    /// Reads of one object by its id, the last segment of the path.
    pub fn objects(&self) -> impl Iterator<Item = (&Endpoint, &str)> {
        self.endpoints.iter().filter(|e| e.method == Method::GET).filter_map(|e| {
            let (collection, last) = e.path.rsplit_once('/')?;
            (last.starts_with('{') && !collection.contains('{')).then_some((e, collection))
        })
    }

    /// Writes to one object by its id.
    pub fn writes<'s>(&'s self, method: &'s Method, collection: &'s str) -> Option<&'s Endpoint> {
        self.endpoints.iter().find(move |e| {
            e.method == *method
                && e.path.rsplit_once('/').is_some_and(|(c, last)| c == collection && last.starts_with('{'))
        })
    }

    /// Where GraphQL is asked.
    pub fn graphql(&self) -> Option<&Endpoint> {
        self.plain(&Method::POST).find(|e| {
            matches!(&e.body, Body::Json(properties) if properties.contains_key("query"))
                && e.path.to_ascii_lowercase().contains("graphql")
        })
    }

    /// Operations by method without path parameters.
    pub fn plain<'s>(&'s self, method: &'s Method) -> impl Iterator<Item = &'s Endpoint> {
        self.endpoints.iter().filter(move |e| e.method == *method && !e.path.contains('{'))
    }

    /// Operations that take text in the query.
    pub fn queries(&self) -> impl Iterator<Item = (&Endpoint, &str)> {
        self.plain(&Method::GET).flat_map(|e| e.query.iter().map(move |name| (e, name.as_str())))
    }

    /// A read that needs an identity, to see whether one is believed.
    pub fn secured_read(&self) -> Option<&Endpoint> {
        self.plain(&Method::GET).find(|e| e.secured && e.query.is_empty() && e.lists.is_empty())
    }
}

impl Endpoint {
    /// A body that the operation should take.
    pub fn example(&self) -> Value {
        match &self.body {
            Body::Json(properties) => {
                let writable = properties
                    .iter()
                    .filter(|(_, schema)| schema.get("readOnly") != Some(&Value::Bool(true)));
                Value::Object(writable.map(|(name, schema)| (name.clone(), example(schema))).collect())
            }
            _ => Value::Object(Map::new()),
        }
    }

    /// Names of writable text properties, those without a format first.
    pub fn texts(&self) -> Vec<&str> {
        let Body::Json(properties) = &self.body else { return Vec::new() };
        properties
            .iter()
            .filter(|(_, schema)| schema.get("readOnly") != Some(&Value::Bool(true)))
            .filter(|(_, schema)| kind(schema) == "string" && schema.get("format").is_none())
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// A multipart body with a file.
    pub fn upload(&self, file_name: &str, content: &[u8], caption: &str) -> Option<(String, Bytes)> {
        let Body::Multipart(fields) = &self.body else { return None };
        let boundary = "doorward-boundary-7d1f";
        let mut body = Vec::new();
        for (i, field) in fields.iter().enumerate() {
            let (disposition, content) = match i {
                0 => {
                    (format!("; filename=\"{file_name}\"\r\nContent-Type: application/octet-stream"), content)
                }
                _ => (String::new(), caption.as_bytes()),
            };
            body.extend_from_slice(
                format!(
                    "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"{disposition}\r\n\r\n"
                )
                .as_bytes(),
            );
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Some((format!("multipart/form-data; boundary={boundary}"), body.into()))
    }
}

fn endpoint(document: &Value, method: Method, path: &str, item: &Value, operation: &Value) -> Endpoint {
    let (mut query, mut lists) = (Vec::new(), Vec::new());
    for holder in [operation, item] {
        for parameter in holder.get("parameters").and_then(Value::as_array).into_iter().flatten() {
            let parameter = resolve(document, parameter);
            let schema = resolve(document, parameter.get("schema").unwrap_or(&Value::Null));
            let text = |key| parameter.get(key).and_then(Value::as_str);
            let (Some("query"), Some(name)) = (text("in"), text("name")) else { continue };
            match kind(schema) {
                "string" => query.push(name.to_owned()),
                "array" => lists.push(name.to_owned()),
                _ => {}
            }
        }
    }
    let content = operation.get("requestBody").map(|b| resolve(document, b)).and_then(|b| b.get("content"));
    let schema_of =
        |media: &str| content.and_then(|c| c.get(media)).map(|m| properties(document, m.get("schema")));
    let body = match (schema_of("application/json"), schema_of("multipart/form-data")) {
        (Some(properties), _) => Body::Json(properties),
        (None, Some(properties)) => Body::Multipart(properties.keys().cloned().collect()),
        _ => Body::None,
    };
    let responses = operation.get("responses").and_then(Value::as_object);
    let success = responses
        .and_then(|r| r.iter().find(|(status, _)| status.starts_with('2')))
        .map(|(_, r)| resolve(document, r));
    let answers = success.and_then(|r| r.get("content"));
    let security = operation.get("security").or_else(|| document.get("security"));
    Endpoint {
        secured: security.and_then(Value::as_array).is_some_and(|list| !list.is_empty()),
        response: answers
            .and_then(|c| c.get("application/json"))
            .map(|m| properties(document, m.get("schema")).keys().cloned().collect())
            .unwrap_or_default(),
        html: answers.is_some_and(|c| c.get("text/html").is_some()),
        method,
        path: path.to_owned(),
        query,
        lists,
        body,
    }
}

/// The properties of an object, or of the items of a list, resolved.
fn properties(document: &Value, schema: Option<&Value>) -> Map<String, Value> {
    let mut schema = resolve(document, schema.unwrap_or(&Value::Null));
    if let Some(items) = schema.get("items") {
        schema = resolve(document, items);
    }
    let own = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    own.map(|(name, property)| (name.clone(), resolve(document, property).clone())).collect()
}

fn resolve<'v>(document: &'v Value, mut value: &'v Value) -> &'v Value {
    for _ in 0..16 {
        let target = value.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
        match target.and_then(|pointer| document.pointer(pointer)) {
            Some(next) => value = next,
            None => break,
        }
    }
    value
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|k| *k != "null").unwrap_or("")
        }
        _ => "",
    }
}

fn example(schema: &Value) -> Value {
    if let Some(given) = schema.get("example").or_else(|| schema.get("default")) {
        return given.clone();
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return values.first().cloned().unwrap_or(Value::Null);
    }
    match (kind(schema), schema.get("format").and_then(Value::as_str)) {
        ("integer" | "number", _) => schema.get("minimum").cloned().unwrap_or(Value::from(1)),
        ("boolean", _) => Value::Bool(true),
        ("array", _) => Value::Array(Vec::new()),
        ("object", _) => Value::Object(Map::new()),
        (_, Some("email")) => "somebody@shop.example".into(),
        (_, Some("date-time")) => "2026-01-31T12:00:00Z".into(),
        (_, Some("date")) => "2026-01-31".into(),
        (_, Some("uuid")) => "123e4567-e89b-42d3-a456-426614174000".into(),
        (_, Some("uri")) => "https://shop.example/".into(),
        _ => "ordinary".into(),
    }
}

//! What the API offers to an attacker, by its OpenAPI document.

use http::Method;
use serde_json::{Map, Value};

use crate::probe::Content;

/// The operations of an API.
#[derive(Debug, Clone, Default)]
pub struct Surface {
    /// All operations, in the order of the document.
    pub endpoints: Vec<Endpoint>,
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Method.
    pub method: Method,
    /// Path template.
    pub path: String,
    /// Names of the query parameters that take text.
    pub query: Vec<String>,
    /// Names of the query parameters that take a list.
    pub lists: Vec<String>,
    /// The request body.
    pub body: RequestBody,
    /// Whether the operation requires an identity.
    pub secured: bool,
    /// Properties of the successful response: those of the object, or of the items of a list.
    pub response: Vec<String>,
    /// Whether the successful response is a page.
    pub html: bool,
}

/// A request body.
#[derive(Debug, Clone)]
pub enum RequestBody {
    /// The operation takes none.
    None,
    /// A JSON object with these properties, by their schemas.
    Json(Map<String, Value>),
    /// A multipart form with these fields.
    Multipart(Vec<String>),
}

/// Why a document does not describe an API.
#[derive(Debug, thiserror::Error)]
pub enum SurfaceError {
    /// It is neither JSON nor YAML.
    #[error("the OpenAPI document cannot be read: {0}")]
    Syntax(String),
    /// It has no paths.
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

    /// The operation that logs in: the last segment of its path says so.
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

    /// The write to one object of a collection, by its id.
    pub fn writes<'s>(&'s self, method: &'s Method, collection: &'s str) -> Option<&'s Endpoint> {
        self.endpoints.iter().find(move |e| {
            e.method == *method
                && e.path.rsplit_once('/').is_some_and(|(c, last)| c == collection && last.starts_with('{'))
        })
    }

    /// The GraphQL endpoint.
    pub fn graphql(&self) -> Option<&Endpoint> {
        self.plain(&Method::POST).find(|e| {
            matches!(&e.body, RequestBody::Json(properties) if properties.contains_key("query"))
                && e.path.to_ascii_lowercase().contains("graphql")
        })
    }

    /// Operations with this method and without path parameters.
    pub fn plain<'s>(&'s self, method: &'s Method) -> impl Iterator<Item = &'s Endpoint> {
        self.endpoints.iter().filter(move |e| e.method == *method && !e.path.contains('{'))
    }

    /// Operations that take text in their query, with the parameter.
    pub fn queries(&self) -> impl Iterator<Item = (&Endpoint, &str)> {
        self.plain(&Method::GET).flat_map(|e| e.query.iter().map(move |name| (e, name.as_str())))
    }

    /// Pages without path parameters.
    pub fn pages(&self) -> impl Iterator<Item = &Endpoint> {
        self.plain(&Method::GET).filter(|e| e.html)
    }

    /// A read that requires an identity and takes no parameters.
    pub fn secured_read(&self) -> Option<&Endpoint> {
        self.plain(&Method::GET).find(|e| e.secured && e.query.is_empty() && e.lists.is_empty())
    }
}

impl Endpoint {
    /// A body that the operation should accept.
    pub fn example(&self) -> Value {
        match &self.body {
            RequestBody::Json(properties) => {
                let writable = properties
                    .iter()
                    .filter(|(_, schema)| schema.get("readOnly") != Some(&Value::Bool(true)));
                Value::Object(writable.map(|(name, schema)| (name.clone(), example(schema))).collect())
            }
            _ => Value::Object(Map::new()),
        }
    }

    /// Names of the writable text properties that have no format.
    pub fn texts(&self) -> Vec<&str> {
        let RequestBody::Json(properties) = &self.body else { return Vec::new() };
        properties
            .iter()
            .filter(|(_, schema)| schema.get("readOnly") != Some(&Value::Bool(true)))
            .filter(|(_, schema)| kind(schema) == "string" && schema.get("format").is_none())
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// A multipart body: the file in the first field, the caption in the others.
    pub(crate) fn upload(&self, file_name: &str, content: &[u8], caption: &str) -> Option<Content> {
        const BOUNDARY: &str = "doorward-boundary-7d1f";
        let RequestBody::Multipart(fields) = &self.body else { return None };
        let mut bytes = Vec::new();
        for (i, field) in fields.iter().enumerate() {
            let (disposition, content) = match i {
                0 => {
                    (format!("; filename=\"{file_name}\"\r\nContent-Type: application/octet-stream"), content)
                }
                _ => (String::new(), caption.as_bytes()),
            };
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"{disposition}\r\n\r\n"
            );
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(content);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        Some(Content { media_type: format!("multipart/form-data; boundary={BOUNDARY}"), bytes: bytes.into() })
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
        (Some(properties), _) => RequestBody::Json(properties),
        (None, Some(properties)) => RequestBody::Multipart(properties.keys().cloned().collect()),
        _ => RequestBody::None,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// One operation, with what stands beside it in the document.
    fn one(operation: Value) -> Endpoint {
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": "a", "version": "1" },
            "paths": { "/things": { "post": operation } },
            "components": {
                "parameters": { "Q": { "name": "q", "in": "query", "schema": { "$ref": "#/components/schemas/Text" } } },
                "schemas": {
                    "Text": { "type": "string" },
                    "Thing": { "type": "object", "properties": {
                        "id": { "type": "integer", "readOnly": true },
                        "name": { "$ref": "#/components/schemas/Text" },
                        "mail": { "type": "string", "format": "email" },
                    } },
                },
            },
        });
        let surface = Surface::parse(&document.to_string()).unwrap();
        let [endpoint] = &surface.endpoints[..] else { panic!("{surface:?}") };
        endpoint.clone()
    }

    const OK: fn() -> Value = || json!({ "200": { "description": "fine" } });

    fn paths(document: &str) -> Surface {
        let paths: Value = serde_saphyr::from_str(document).unwrap();
        let document =
            json!({ "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "paths": paths });
        Surface::parse(&document.to_string()).unwrap()
    }

    #[test]
    fn a_document_is_yaml_or_json_and_has_paths() {
        let yaml = "openapi: 3.1.0\ninfo: { title: a, version: '1' }\npaths: { /a: { get: { responses: { '200': { description: fine } } } } }";
        assert_eq!(Surface::parse(yaml).unwrap().endpoints.len(), 1);
        for text in ["", "{", "- a\n- b", "openapi: 3.1.0", "\tpaths: x"] {
            assert!(Surface::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn query_parameters_are_text_or_lists_through_references() {
        for (schema, query, lists) in [
            (json!({ "type": "string" }), &["q"][..], &[][..]),
            (json!({ "type": ["string", "null"] }), &["q"], &[]),
            (json!({ "$ref": "#/components/schemas/Text" }), &["q"], &[]),
            (json!({ "type": "array", "items": { "type": "integer" } }), &[], &["q"]),
            (json!({ "type": "integer" }), &[], &[]),
        ] {
            let parameter = json!({ "name": "q", "in": "query", "schema": schema });
            let endpoint = one(json!({ "parameters": [parameter], "responses": OK() }));
            assert_eq!((endpoint.query, endpoint.lists), (owned(query), owned(lists)), "{schema}");
        }
        let reference = json!({ "$ref": "#/components/parameters/Q" });
        assert_eq!(one(json!({ "parameters": [reference], "responses": OK() })).query, ["q"]);
        let header = json!({ "name": "q", "in": "header", "schema": { "type": "string" } });
        assert!(one(json!({ "parameters": [header], "responses": OK() })).query.is_empty());
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn examples_fill_what_may_be_written() {
        for (schema, value) in [
            (json!({ "type": "string" }), json!("ordinary")),
            (json!({ "type": "string", "example": "given" }), json!("given")),
            (json!({ "type": "string", "default": "usual" }), json!("usual")),
            (json!({ "type": "string", "enum": ["a", "b"] }), json!("a")),
            (json!({ "type": "string", "format": "date" }), json!("2026-01-31")),
            (json!({ "type": "integer" }), json!(1)),
            (json!({ "type": "integer", "minimum": 5 }), json!(5)),
            (json!({ "type": "boolean" }), json!(true)),
            (json!({ "type": "array", "items": {} }), json!([])),
        ] {
            let body = json!({ "type": "object", "properties": {
                "field": schema, "id": { "type": "integer", "readOnly": true } } });
            let content = json!({ "content": { "application/json": { "schema": body } } });
            let endpoint = one(json!({ "requestBody": content, "responses": OK() }));
            assert_eq!(endpoint.example(), json!({ "field": value }), "{schema}");
        }
    }

    #[test]
    fn texts_are_writable_and_have_no_format() {
        let content = json!({ "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Thing" } } } });
        let endpoint = one(json!({ "requestBody": content, "responses": { "201": content } }));
        assert_eq!(endpoint.texts(), ["name"]);
        assert_eq!(endpoint.response, ["id", "name", "mail"]);
        let list = json!({ "content": { "application/json": {
            "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Thing" } } } } });
        assert_eq!(one(json!({ "responses": { "200": list } })).response, ["id", "name", "mail"]);
    }

    #[test]
    fn an_upload_has_a_file_and_a_caption() {
        let body = json!({ "type": "object", "properties": {
            "image": { "type": "string", "format": "binary" }, "caption": { "type": "string" } } });
        let content = json!({ "content": { "multipart/form-data": { "schema": body } } });
        let endpoint = one(json!({ "requestBody": content, "responses": OK() }));
        let upload = endpoint.upload("a.txt", b"content", "words").unwrap();
        assert_eq!(upload.media_type, "multipart/form-data; boundary=doorward-boundary-7d1f");
        assert_eq!(
            String::from_utf8_lossy(&upload.bytes),
            "--doorward-boundary-7d1f\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.txt\"\r\n\
             Content-Type: application/octet-stream\r\n\r\ncontent\r\n--doorward-boundary-7d1f\r\n\
             Content-Disposition: form-data; name=\"caption\"\r\n\r\nwords\r\n--doorward-boundary-7d1f--\r\n"
        );
        assert!(one(json!({ "responses": OK() })).upload("a.txt", b"", "").is_none());
    }

    #[test]
    fn an_operation_is_secured_by_itself_or_by_the_document() {
        for (root, own, is_secured) in [
            (json!([{ "token": [] }]), None, true),
            (json!([{ "token": [] }]), Some(json!([])), false),
            (json!([]), Some(json!([{ "token": [] }])), true),
            (json!([]), None, false),
        ] {
            let mut operation = json!({ "responses": OK() });
            if let Some(own) = own {
                operation["security"] = own;
            }
            let document = json!({
                "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "security": root,
                "components": { "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
                "paths": { "/a": { "get": operation } },
            });
            let surface = Surface::parse(&document.to_string()).unwrap();
            assert_eq!(surface.secured_read().is_some(), is_secured, "{document}");
        }
    }

    #[test]
    fn operations_are_found_by_what_they_are_for() {
        let read = "get: { responses: { '200': { description: fine } } }";
        for (path, is_login) in [
            ("/login", true),
            ("/auth/Sign-In", true),
            ("/api/token", true),
            ("/logins", false),
            ("/login/x", false),
        ] {
            let post = "post: { responses: { '200': { description: fine } } }";
            assert_eq!(paths(&format!("{path}: {{ {post} }}")).login().is_some(), is_login, "{path}");
            assert!(paths(&format!("{path}: {{ {read} }}")).login().is_none(), "{path}");
        }
        let parameters = "parameters: [{ name: id, in: path, required: true, schema: { type: integer } }, { name: user, in: path, required: true, schema: { type: integer } }]";
        for (path, collection) in [
            ("/orders/{id}", Some("/orders")),
            ("/api/v1/orders/{id}", Some("/api/v1/orders")),
            ("/users/{user}/orders/{id}", None),
            ("/orders/{id}/items", None),
            ("/orders", None),
        ] {
            let surface = paths(&format!("{path}: {{ {parameters}, {read} }}"));
            assert_eq!(surface.objects().next().map(|(_, collection)| collection), collection, "{path}");
        }
    }
}

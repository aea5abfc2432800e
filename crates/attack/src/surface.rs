//! What the API offers to an attacker, by its OpenAPI document.

use http::Method;
use openapi::{Document, Location, MediaType, Operation, Schema};
use serde_json::{Map, Value};

use crate::probe::{Content, Probe};

/// Last segments of the paths of operations.
const LOGIN: [&str; 7] = ["login", "signin", "sign-in", "authenticate", "token", "session", "sessions"];
const REFRESH: [&str; 3] = ["refresh", "refresh-token", "renew"];
const LOGOUT: [&str; 4] = ["logout", "signout", "sign-out", "log-out"];
const REGISTER: [&str; 4] = ["register", "signup", "sign-up", "registration"];

/// The operations of an API.
#[derive(Debug, Clone, Default)]
pub struct Surface {
    /// All operations, in the order of the document.
    pub endpoints: Vec<Endpoint>,
    /// Where the API's root is on its server: the path of the first of the document's `servers`, with the defaults of
    /// its variables. It counts when the API's URL has no path of its own ([`ApiUrl`](crate::ApiUrl)).
    pub base_path: String,
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Method.
    pub method: Method,
    /// Path template, as in the document.
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
    /// The operation takes none that can be filled.
    None,
    /// A JSON object.
    Json {
        /// What it is sent as: `application/json`, or another media type that is written as JSON.
        media_type: String,
        /// Its properties.
        properties: Vec<Property>,
    },
    /// A multipart form with these fields.
    Multipart(Vec<String>),
}

/// A property of a request body.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// A value that should be accepted.
    pub example: Value,
    /// Whether it may hold any text: a string without a format.
    pub is_text: bool,
    /// Whether it is shown and may not be sent.
    pub is_read_only: bool,
    /// The properties of the object in it that may not be sent.
    pub read_only_inside: Vec<String>,
}

impl Surface {
    /// The operations of a document, once each: at the first of its servers.
    pub fn of(document: &Document) -> Self {
        let Some(server) = document.servers().first() else { return Surface::default() };
        let operations = document.operations().filter(|(.., op)| op.base_path == server.base_path);
        Surface {
            endpoints: operations.map(|(_, method, op)| Endpoint::of(document, method, op)).collect(),
            base_path: server.default_path.to_string(),
        }
    }

    /// The operation that logs in: the last segment of its path says so.
    pub fn login(&self) -> Option<&Endpoint> {
        self.posted(&LOGIN)
    }

    /// The operation that renews a session.
    pub fn refresh(&self) -> Option<&Endpoint> {
        self.posted(&REFRESH)
    }

    /// The operation that logs out.
    pub fn logout(&self) -> Option<&Endpoint> {
        self.posted(&LOGOUT)
    }

    /// The operation that makes an account.
    pub fn register(&self) -> Option<&Endpoint> {
        self.posted(&REGISTER)
    }

    fn posted(&self, names: &[&str]) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.method == Method::POST && endpoint.is_called(names))
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
            e.body.properties().iter().any(|property| property.name == "query")
                && e.path.to_ascii_lowercase().contains("graphql")
        })
    }

    /// Operations with this method and without path parameters, but for those that begin, renew and end sessions: a payload
    /// there would log an account out.
    pub fn plain<'s>(&'s self, method: &'s Method) -> impl Iterator<Item = &'s Endpoint> {
        let is_of_sessions = |e: &Endpoint| {
            [&LOGIN[..], &REFRESH, &LOGOUT, &REGISTER].into_iter().any(|names| e.is_called(names))
        };
        self.endpoints
            .iter()
            .filter(move |e| e.method == *method && !e.path.contains('{') && !is_of_sessions(e))
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
    fn of(document: &Document, method: &Method, operation: &Operation) -> Self {
        let (mut query, mut lists) = (Vec::new(), Vec::new());
        for parameter in operation.parameters.iter().filter(|p| p.location == Location::Query) {
            let schema = parameter.schema.as_deref().map(|at| document.schema(at));
            match schema.as_ref().and_then(Schema::kind) {
                Some("string") => query.push(parameter.name.to_string()),
                Some("array") => lists.push(parameter.name.to_string()),
                _ => {}
            }
        }
        let success = operation.responses.iter().find(|response| response.status.starts_with('2'));
        let answers = success.map_or(&[][..], |response| &response.content);
        Endpoint {
            method: method.clone(),
            path: operation.path.to_string(),
            query,
            lists,
            body: operation
                .body
                .as_ref()
                .map_or(RequestBody::None, |b| RequestBody::of(document, &b.content)),
            secured: operation.security.is_needed(),
            response: MediaType::json(answers).map(|media| shown(document, media)).unwrap_or_default(),
            html: answers.iter().any(is_page),
        }
    }

    /// Whether the last segment of the path is one of these.
    fn is_called(&self, names: &[&str]) -> bool {
        let last = self.path.rsplit('/').next().unwrap_or("").to_ascii_lowercase();
        names.contains(&last.as_str())
    }

    /// The body of a log in or a registration: the fields that hold a name and a password, called as the document calls them.
    pub(crate) fn credentials(&self, name: &str, password: &str) -> Value {
        let field = |is_it: fn(&str) -> bool, otherwise: &str| {
            let found = self.writable().map(|property| property.name.as_str()).find(|name| is_it(name));
            found.unwrap_or(otherwise).to_owned()
        };
        let is_password = |name: &str| name.to_ascii_lowercase().contains("pass");
        let is_name = |name: &str| {
            let name = name.to_ascii_lowercase();
            ["user", "mail", "login", "name"].iter().any(|word| name.contains(word))
        };
        let fields = [(field(is_name, "username"), name), (field(is_password, "password"), password)];
        Value::Object(fields.map(|(field, value)| (field, value.into())).into_iter().collect())
    }

    /// The same with every other field of the document.
    pub(crate) fn credentials_and_all(&self, name: &str, password: &str) -> Value {
        let mut all = self.example_object();
        if let Value::Object(fields) = self.credentials(name, password) {
            all.extend(fields);
        }
        Value::Object(all)
    }

    /// Whether the name of an account is an address.
    pub(crate) fn takes_mail(&self) -> bool {
        self.writable().any(|property| property.name.to_ascii_lowercase().contains("mail"))
    }

    /// The property that holds a refresh token.
    pub(crate) fn refresh_field(&self) -> Option<&str> {
        let is_it = |name: &&str| name.to_ascii_lowercase().contains("refresh");
        self.writable().map(|property| property.name.as_str()).find(is_it)
    }

    /// A request of this operation with a JSON body, by nobody.
    pub(crate) fn request(&self, body: &Value) -> Probe {
        self.request_at(&self.path, body)
    }

    /// The same, with values in place of the path's parameters.
    pub(crate) fn request_at(&self, path: &str, body: &Value) -> Probe {
        let mut probe = Probe::json(self.method.clone(), path, body);
        if let (RequestBody::Json { media_type, .. }, Some(content)) = (&self.body, &mut probe.body) {
            content.media_type.clone_from(media_type);
        }
        probe
    }

    /// A body that the operation should accept.
    pub fn example(&self) -> Value {
        Value::Object(self.example_object())
    }

    /// The same with a value of the attacker's in one field, whether the operation takes that or not.
    pub(crate) fn example_with(&self, field: &str, value: impl Into<Value>) -> Value {
        let mut object = self.example_object();
        object.insert(field.to_owned(), value.into());
        Value::Object(object)
    }

    fn example_object(&self) -> Map<String, Value> {
        self.writable().map(|property| (property.name.clone(), property.example.clone())).collect()
    }

    /// Names of the writable text properties that have no format.
    pub fn texts(&self) -> Vec<&str> {
        self.writable().filter(|property| property.is_text).map(|property| property.name.as_str()).collect()
    }

    fn writable(&self) -> impl Iterator<Item = &Property> {
        self.body.properties().iter().filter(|property| !property.is_read_only)
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

impl RequestBody {
    /// JSON is preferred: it is what attacks can say most in.
    fn of(document: &Document, content: &[MediaType]) -> Self {
        let form = content.iter().find(|media| media.range.eq_ignore_ascii_case("multipart/form-data"));
        match (MediaType::json(content), form) {
            // A range that a form is also in says less than the form.
            (Some(media), form) if media.is_json() || form.is_none() => RequestBody::Json {
                media_type: if media.is_json() { media.range.to_string() } else { "application/json".into() },
                properties: properties(document, media).iter().map(Property::of).collect(),
            },
            (_, Some(form)) => RequestBody::Multipart(
                properties(document, form).iter().map(|(name, _)| (*name).to_owned()).collect(),
            ),
            _ => RequestBody::None,
        }
    }

    /// The properties of a JSON object.
    pub(crate) fn properties(&self) -> &[Property] {
        match self {
            RequestBody::Json { properties, .. } => properties,
            _ => &[],
        }
    }
}

impl Property {
    fn of((name, schema): &(&str, Schema<'_>)) -> Self {
        let inner = schema.properties();
        let read_only = inner.iter().filter(|(_, schema)| schema.is_read_only());
        Property {
            name: (*name).to_owned(),
            example: example(schema),
            is_text: schema.kind() == Some("string") && schema.format().is_none(),
            is_read_only: schema.is_read_only(),
            read_only_inside: read_only.map(|(name, _)| (*name).to_owned()).collect(),
        }
    }
}

fn properties<'d>(document: &'d Document, media: &MediaType) -> Vec<(&'d str, Schema<'d>)> {
    media.schema.as_deref().map(|at| document.schema(at).properties()).unwrap_or_default()
}

/// What an answer shows: the properties of an object, or of the items of a list.
fn shown(document: &Document, media: &MediaType) -> Vec<String> {
    let Some(schema) = media.schema.as_deref().map(|at| document.schema(at)) else { return Vec::new() };
    let object = schema.items().unwrap_or(schema);
    object.properties().into_iter().map(|(name, _)| name.to_owned()).collect()
}

fn is_page(media: &MediaType) -> bool {
    media.range.eq_ignore_ascii_case("text/html")
}

fn example(schema: &Schema<'_>) -> Value {
    if let Some(given) = schema.given() {
        return given.clone();
    }
    match (schema.kind(), schema.format()) {
        (Some("integer" | "number"), _) => schema.keyword("minimum").cloned().unwrap_or(Value::from(1)),
        (Some("boolean"), _) => Value::Bool(true),
        (Some("array"), _) => Value::Array(Vec::new()),
        (Some("object"), _) => Value::Object(Map::new()),
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
    use openapi::Source;
    use serde_json::json;

    use super::*;

    fn surface(document: &str) -> Surface {
        Surface::of(&Document::parse(&Source::new("api.yaml", document), None).unwrap())
    }

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
                    "Circle": { "$ref": "#/components/schemas/Circle" },
                    "Order": { "allOf": [{ "$ref": "#/components/schemas/Thing" }, { "type": "object", "properties": {
                        "note": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                        "owner": { "$ref": "#/components/schemas/Thing" },
                        "related": { "type": "array", "items": { "$ref": "#/components/schemas/Order" } },
                    } }] },
                    "Thing": { "type": "object", "properties": {
                        "id": { "type": "integer", "readOnly": true },
                        "name": { "$ref": "#/components/schemas/Text" },
                        "mail": { "type": "string", "format": "email" },
                    } },
                },
            },
        });
        let surface = surface(&document.to_string());
        let [endpoint] = &surface.endpoints[..] else { panic!("{surface:?}") };
        endpoint.clone()
    }

    const OK: fn() -> Value = || json!({ "200": { "description": "fine" } });

    fn paths(document: &str) -> Surface {
        let paths = openapi::read_value(&Source::new("paths.yaml", document)).unwrap();
        let document =
            json!({ "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "paths": paths });
        surface(&document.to_string())
    }

    #[test]
    fn an_operation_stands_once_at_the_first_of_the_servers() {
        for (servers, base_path) in [
            (json!([]), ""),
            (json!([{ "url": "/" }]), ""),
            (json!([{ "url": "https://shop.example/v1/" }]), "/v1"),
            (json!([{ "url": "/v2" }, { "url": "/v1" }]), "/v2"),
            (json!([{ "url": "/{v}", "variables": { "v": { "default": "v3" } } }, { "url": "/{w}" }]), "/v3"),
        ] {
            let operation = json!({ "responses": OK() });
            let document = json!({
                "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "servers": servers,
                "paths": { "/things": { "post": operation, "get": operation }, "/a": { "get": operation } },
            });
            let surface = surface(&document.to_string());
            let found: Vec<_> =
                surface.endpoints.iter().map(|e| format!("{} {}", e.method, e.path)).collect();
            assert_eq!(found, ["GET /things", "POST /things", "GET /a"], "{document}");
            assert_eq!(surface.base_path, base_path, "{document}");
        }
    }

    #[test]
    fn parameters_of_the_path_are_those_of_its_operations() {
        let own = "get: { parameters: [{ name: q, in: query, schema: { type: integer } }], responses: {} }";
        let of_path = "parameters: [{ name: q, in: query, schema: { type: string } }, { name: ids, in: query, schema: { type: array } }]";
        let surface = paths(&format!("/a: {{ {of_path}, {own}, delete: {{ responses: {{}} }} }}"));
        let found: Vec<_> = surface.endpoints.iter().map(|e| (e.query.len(), e.lists.len())).collect();
        assert_eq!(found, [(0, 1), (1, 1)]);
    }

    #[test]
    fn json_is_found_under_its_media_types() {
        let thing = || json!({ "schema": { "$ref": "#/components/schemas/Thing" } });
        for (range, sent_as) in [
            ("application/json", Some("application/json")),
            ("application/json; charset=utf-8", Some("application/json")),
            ("Application/JSON", Some("Application/JSON")),
            ("application/vnd.shop.v1+json", Some("application/vnd.shop.v1+json")),
            ("application/*", Some("application/json")),
            ("*/*", Some("application/json")),
            ("application/xml", None),
            ("text/plain", None),
        ] {
            let content = json!({ "content": { "text/csv": {}, range: thing() } });
            let endpoint = one(json!({ "requestBody": content, "responses": { "2XX": content } }));
            let sent = match &endpoint.body {
                RequestBody::Json { media_type, .. } => Some(media_type.as_str()),
                _ => None,
            };
            assert_eq!(sent, sent_as, "{range}");
            assert_eq!(endpoint.response.is_empty(), sent_as.is_none(), "{range}");
            let written = endpoint.request(&json!({})).body.unwrap().media_type;
            assert_eq!(written, sent_as.unwrap_or("application/json"), "{range}");
        }
    }

    #[test]
    fn all_of_is_one_object_and_circles_end() {
        let content = json!({ "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Order" } } } });
        let endpoint = one(json!({ "requestBody": content, "responses": { "200": content } }));
        assert_eq!(endpoint.texts(), ["name", "note"]);
        assert_eq!(endpoint.response, ["id", "name", "mail", "note", "owner", "related"]);
        let inside: Vec<_> = endpoint
            .body
            .properties()
            .iter()
            .flat_map(|p| p.read_only_inside.iter().map(|i| (&*p.name, &**i)))
            .collect();
        assert_eq!(inside, [("owner", "id")]);
        let circle = json!({ "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/Circle" } } } });
        assert_eq!(one(json!({ "requestBody": circle, "responses": OK() })).example(), json!({}));
    }

    #[test]
    fn bodies_and_responses_are_shared() {
        let document = json!({
            "openapi": "3.0.3", "info": { "title": "a", "version": "1" },
            "paths": {
                "/a": { "post": {
                    "requestBody": { "$ref": "#/components/requestBodies/A" },
                    "responses": { "201": { "$ref": "#/components/responses/B" } } } },
                "/b": { "$ref": "#/x-paths/b" },
            },
            "x-paths": { "b": { "get": { "responses": { "200": { "$ref": "#/components/responses/Page" } } } } },
            "components": {
                "requestBodies": { "A": { "$ref": "#/components/requestBodies/B" }, "B": { "content": { "application/json": {
                    "schema": { "type": "object", "properties": { "note": { "type": "string", "nullable": true } } } } } } },
                "responses": {
                    "B": { "description": "made", "content": { "application/json": { "schema": {
                        "type": "array", "items": { "type": "object", "properties": { "id": { "type": "integer" } } } } } } },
                    "Page": { "description": "a page", "content": { "text/html; charset=utf-8": {} } },
                },
            },
        });
        let surface = surface(&document.to_string());
        let [write, page] = &surface.endpoints[..] else { panic!("{surface:?}") };
        assert_eq!((write.texts(), write.response.as_slice()), (vec!["note"], &["id".to_owned()][..]));
        assert!(page.html && !write.html);
    }

    #[test]
    fn query_parameters_are_text_or_lists_through_references() {
        for (schema, query, lists) in [
            (json!({ "type": "string" }), &["q"][..], &[][..]),
            (json!({ "type": ["string", "null"] }), &["q"], &[]),
            (json!({ "$ref": "#/components/schemas/Text" }), &["q"], &[]),
            (json!({ "type": "array", "items": { "type": "integer" } }), &[], &["q"]),
            (json!({ "type": "integer" }), &[], &[]),
            (json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }), &["q"], &[]),
            (json!({ "allOf": [{ "$ref": "#/components/schemas/Text" }], "description": "a" }), &["q"], &[]),
            (json!({ "$ref": "#/components/schemas/Circle" }), &[], &[]),
            (json!({}), &[], &[]),
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
            (json!({ "type": ["null", "integer"], "minimum": 2 }), json!(2)),
            (json!({ "type": "string", "examples": ["one", "two"] }), json!("one")),
            (json!({ "type": ["string", "null"], "enum": [null, "a"] }), json!("a")),
            (json!({ "const": "only" }), json!("only")),
            (
                json!({ "anyOf": [{ "type": "null" }, { "type": "string", "format": "uuid" }] }),
                json!("123e4567-e89b-42d3-a456-426614174000"),
            ),
            (json!({ "$ref": "#/components/schemas/Order" }), json!({})),
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
            (json!([{ "token": [] }]), Some(json!([{ "token": [] }, {}])), false),
        ] {
            let operation = match own {
                Some(own) => json!({ "responses": OK(), "security": own }),
                None => json!({ "responses": OK() }),
            };
            let document = json!({
                "openapi": "3.1.0", "info": { "title": "a", "version": "1" }, "security": root,
                "components": { "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
                "paths": { "/a": { "get": operation } },
            });
            let surface = surface(&document.to_string());
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

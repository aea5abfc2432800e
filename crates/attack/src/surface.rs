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
mod tests;

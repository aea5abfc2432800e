//! Operations learnt from requests that somebody recorded: ids in paths become parameters, bodies become shapes.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value};

use super::role::{Called, role};
use super::shape::{fold, singular};
use super::{Body, BodyFormat, Endpoint, Field, Kind, Parameter, Place, Scheme, Shape, Surface};

/// The most requests that are looked at.
const MAX_RECORDED: usize = 20_000;
/// The most operations that are learnt.
const MAX_OPERATIONS: usize = 2_000;
/// The deepest nesting of a body that is described.
const MAX_DEPTH: usize = 6;
/// The most members of an object that are described.
const MAX_MEMBERS: usize = 200;

/// Why a file is no recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// It is JSON of another kind.
    #[error("{0}")]
    Kind(&'static str),
    /// It has no request to this API.
    #[error("no request to an API in it{0}")]
    Nothing(String),
}

/// One recorded request.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorded {
    pub(super) method: Method,
    /// The path, decoded segment by segment; `{name}` is a parameter already.
    pub(super) path: String,
    /// What people call it.
    pub(super) name: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<(BodyFormat, Value)>,
    /// The answer, where it was recorded and is JSON.
    pub(super) response: Option<Value>,
    /// Whether the answer was a page.
    pub(super) is_page: bool,
}

/// The operations of recorded requests, in their order.
pub(super) fn surface(recorded: impl IntoIterator<Item = Recorded>) -> Surface {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    let mut schemes: Vec<Scheme> = Vec::new();
    for one in recorded.into_iter().take(MAX_RECORDED) {
        if matches!(one.method, Method::OPTIONS | Method::HEAD | Method::CONNECT | Method::TRACE) {
            continue;
        }
        let scheme = scheme_of(&one.headers);
        schemes.extend(scheme.iter().filter(|new| !schemes.contains(new)).cloned().collect::<Vec<_>>());
        let new = endpoint(one, scheme.is_some());
        let has_room = endpoints.len() < MAX_OPERATIONS;
        match endpoints.iter_mut().find(|known| is_same(known, &new)) {
            Some(known) => merge(known, new),
            None if has_room => endpoints.push(new),
            None => {}
        }
    }
    Surface { endpoints, schemes, ..Surface::default() }
}

/// The operation that one request shows.
fn endpoint(one: Recorded, is_secured: bool) -> Endpoint {
    let (path, mut parameters) = template(&one.path);
    for (name, value) in &one.query {
        if !parameters.iter().any(|known| known.place == Place::Query && known.name == *name) {
            let shape = Shape::seen(name, &scalar(value), MAX_DEPTH);
            parameters.push(Parameter { name: name.clone(), place: Place::Query, is_required: true, shape });
        }
    }
    for (name, value) in one.headers.iter().filter(|(name, _)| is_of_the_api(name)) {
        let shape = Shape::seen(name, &Value::from(value.clone()), MAX_DEPTH);
        parameters.push(Parameter { name: name.clone(), place: Place::Header, is_required: true, shape });
    }
    let body = one.body.map(|(format, value)| {
        let shape = Shape::seen("", &value, MAX_DEPTH);
        Body { format, shape, is_required: true }
    });
    let is_read = one.method == Method::GET;
    let role = role(&Called {
        method: &one.method,
        path: &path,
        id: "",
        is_read,
        has_path_parameter: path.contains('{'),
        body: body.as_ref().map(|body| &body.shape),
    });
    Endpoint {
        description: String::new(),
        method: one.method,
        path,
        id: one.name,
        tags: Vec::new(),
        parameters,
        body,
        is_secured,
        scopes: Vec::new(),
        response: one.response.map(|value| Shape::seen("", &value, MAX_DEPTH)),
        is_page: one.is_page,
        role,
        graphql: None,
    }
}

/// Whether two requests are of one operation. Documents of GraphQL share a path, and are told apart by their names.
fn is_same(one: &Endpoint, other: &Endpoint) -> bool {
    let document = |endpoint: &Endpoint| {
        let fields = endpoint.body.as_ref()?.shape.properties();
        fields
            .iter()
            .find(|field| field.name == "query" && field.shape.kind == Kind::Text)?
            .shape
            .given
            .clone()
    };
    one.method == other.method && same_path(&one.path, &other.path) && document(one) == document(other)
}

/// Whether two templates differ in the names of their parameters at most.
fn same_path(one: &str, other: &str) -> bool {
    let part = |part: &str| if part.starts_with('{') { String::new() } else { part.to_owned() };
    one.split('/').map(part).eq(other.split('/').map(part))
}

/// Adds what another request of the operation shows.
fn merge(known: &mut Endpoint, new: Endpoint) {
    for parameter in &mut known.parameters {
        let is_there = new.parameters.iter().any(|p| p.place == parameter.place && p.name == parameter.name);
        parameter.is_required &= is_there || parameter.place == Place::Path;
    }
    for parameter in new.parameters.into_iter().filter(|parameter| parameter.place != Place::Path) {
        if known.parameter(parameter.place, &parameter.name).is_none() {
            known.parameters.push(Parameter { is_required: false, ..parameter });
        }
    }
    known.is_secured |= new.is_secured;
    known.is_page |= new.is_page;
    known.response = known.response.take().or(new.response);
    match (&mut known.body, new.body) {
        (Some(body), Some(other)) => body.shape.widen(other.shape),
        (Some(body), None) => body.is_required = false,
        (none, Some(other)) => *none = Some(Body { is_required: false, ..other }),
        (None, None) => {}
    }
}

/// A path with parameters in place of ids, each with the value that was seen.
fn template(path: &str) -> (String, Vec<Parameter>) {
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut before = String::new();
    let segments = path.split('/').map(|segment| {
        let inner = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        if inner.is_none() && !is_id(segment) {
            before = segment.to_owned();
            return segment.to_owned();
        }
        let stem = fold_words(&singular(&before));
        let usual = if stem.is_empty() { "id".to_owned() } else { format!("{stem}_id") };
        let wanted = inner.map_or(usual, str::to_owned);
        let taken = |name: &String| parameters.iter().any(|known| known.name == *name);
        let names = std::iter::once(wanted.clone()).chain((2..).map(|number| format!("{wanted}_{number}")));
        let name = names.into_iter().find(|name| !taken(name)).unwrap_or(wanted);
        let shape = match inner {
            Some(_) => Shape::text(),
            None => Shape {
                format: is_uuid(segment).then(|| "uuid".to_owned()),
                ..Shape::seen("", &scalar(segment), 1)
            },
        };
        parameters.push(Parameter { name: name.clone(), place: Place::Path, is_required: true, shape });
        format!("{{{name}}}")
    });
    let path = segments.collect::<Vec<_>>().join("/");
    (path, parameters)
}

/// `order-items` as `order_items`.
fn fold_words(text: &str) -> String {
    super::words::words(text).join("_")
}

/// Whether a segment is the id of an object: a number, a UUID, or a long text of digits and letters `a` to `f`.
fn is_id(segment: &str) -> bool {
    let is_number =
        !segment.is_empty() && segment.len() <= 20 && segment.bytes().all(|byte| byte.is_ascii_digit());
    let is_hex = segment.len() >= 20
        && segment.bytes().all(|byte| byte.is_ascii_hexdigit())
        && segment.bytes().any(|byte| byte.is_ascii_digit());
    // ULID and the like: many letters and digits, and no words.
    let is_random = segment.len() >= 20
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && segment.bytes().filter(u8::is_ascii_digit).count() >= 4;
    is_number || is_hex || is_uuid(segment) || is_random
}

fn is_uuid(segment: &str) -> bool {
    let lengths: Vec<usize> = segment.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && segment.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A text of a query, a form or a path as the scalar that it writes.
pub(super) fn scalar(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        // A number with zeros before it is a text: a postcode, a phone.
        _ if text.len() > 1 && text.starts_with('0') && !text.starts_with("0.") => Value::from(text),
        _ => match text.parse::<i64>() {
            Ok(number) => Value::from(number),
            Err(_) => Value::from(text),
        },
    }
}

/// Pairs as the object that they write: a name that comes twice is a list.
pub(super) fn object(pairs: Vec<(String, Value)>) -> Value {
    let mut members: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for (name, value) in pairs {
        if !members.contains_key(&name) {
            order.push(name.clone());
        }
        members.entry(name).or_default().push(value);
    }
    let member = |name: String| {
        let mut values = members.remove(&name).unwrap_or_default();
        let value = if values.len() == 1 { values.pop().unwrap_or_default() } else { Value::Array(values) };
        (name, value)
    };
    Value::Object(order.into_iter().map(member).collect::<Map<_, _>>())
}

/// How a request shows who sends it.
fn scheme_of(headers: &[(String, String)]) -> Option<Scheme> {
    let find =
        |is_it: &dyn Fn(&str) -> bool| headers.iter().find(|(name, _)| is_it(&name.to_ascii_lowercase()));
    if let Some((_, value)) = find(&|name| name == "authorization") {
        let word = value.split(' ').next().filter(|word| word.len() < value.len()).unwrap_or("Bearer");
        return Some(Scheme::Authorization(word.to_owned()));
    }
    if let Some((name, _)) =
        find(&|name| ["x-api-key", "api-key", "x-auth-token", "x-access-token"].contains(&name))
    {
        return Some(Scheme::Header(name.clone()));
    }
    let (_, cookies) = find(&|name| name == "cookie")?;
    let names = cookies.split(';').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name.trim());
    let mut sessions = names.filter(|name| {
        let folded = fold(name);
        ["session", "sess", "sid", "token", "auth", "jwt"].iter().any(|word| folded.contains(word))
    });
    sessions.next().map(|name| Scheme::Cookie(name.to_owned()))
}

/// Whether a header is one that the API asks for: not the browser's, and no credential.
fn is_of_the_api(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let others = [
        "auth",
        "token",
        "key",
        "csrf",
        "xsrf",
        "session",
        "cookie",
        "forwarded",
        "real-ip",
        "amz",
        "amzn",
        "trace",
        "request-id",
        "correlation",
        "requested-with",
        "sentry",
        "datadog",
        "b3-",
        "client-data",
        "secret",
        "postman",
    ];
    name.starts_with("x-") && !others.iter().any(|other| name.contains(other))
}

impl Shape {
    /// What a value that was seen shows. Secrets are not kept.
    fn seen(name: &str, value: &Value, depth: usize) -> Shape {
        let folded = fold(name);
        let is_secret = ["pass", "pwd", "secret", "token"].iter().any(|word| folded.contains(word));
        let given = (!is_secret && !value.is_null() && !value.is_array() && !value.is_object())
            .then(|| value.clone());
        let kind = match value {
            Value::String(_) => Kind::Text,
            Value::Bool(_) => Kind::Boolean,
            Value::Number(number) if number.is_f64() => Kind::Number,
            Value::Number(_) => Kind::Integer,
            Value::Array(items) if depth > 0 => {
                let mut items =
                    items.iter().take(20).map(|item| Shape::seen(&singular(name), item, depth - 1));
                let mut all = items.next().unwrap_or_default();
                items.for_each(|item| all.widen(item));
                Kind::List(Box::new(all))
            }
            Value::Object(members) if depth > 0 => {
                let members = members.iter().take(MAX_MEMBERS);
                let field = |(name, value): (&String, &Value)| Field {
                    name: name.clone(),
                    shape: Shape::seen(name, value, depth - 1),
                    is_required: true,
                    is_read_only: false,
                };
                Kind::Object(members.map(field).collect())
            }
            _ => Kind::Any,
        };
        Shape { kind, given, ..Shape::default() }
    }

    /// Takes in another value of the same: what only one of them has need not be there.
    fn widen(&mut self, other: Shape) {
        let Shape { kind, given, .. } = other;
        self.given = self.given.take().or(given);
        match (&mut self.kind, kind) {
            (Kind::Object(fields), Kind::Object(others)) => {
                for field in fields.iter_mut() {
                    field.is_required &= others.iter().any(|other| other.name == field.name);
                }
                for other in others {
                    let has_room = fields.len() < MAX_MEMBERS;
                    match fields.iter_mut().find(|field| field.name == other.name) {
                        Some(field) => field.shape.widen(other.shape),
                        None if has_room => fields.push(Field { is_required: false, ..other }),
                        None => {}
                    }
                }
            }
            (Kind::List(items), Kind::List(others)) => items.widen(*others),
            (Kind::Integer, Kind::Number) => self.kind = Kind::Number,
            (mine @ Kind::Any, kind) => *mine = kind,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_in_paths_are_parameters_with_the_name_of_what_stands_before_them() {
        for (path, expected) in [
            ("/orders/17", "/orders/{order_id}"),
            (
                "/api/v1/companies/3/order-items/4",
                "/api/v1/companies/{company_id}/order-items/{order_item_id}",
            ),
            ("/users/123e4567-e89b-42d3-a456-426614174000", "/users/{user_id}"),
            ("/books/65f0c0ffee0123456789abcd/reviews", "/books/{book_id}/reviews"),
            ("/7/8", "/{id}/{id_2}"),
            ("/orders/{number}", "/orders/{number}"),
            ("/orders/latest", "/orders/latest"),
            ("/v2/health", "/v2/health"),
            ("/", "/"),
        ] {
            assert_eq!(template(path).0, expected, "{path}");
        }
    }

    #[test]
    fn what_is_not_in_every_request_need_not_be_there_and_no_secret_is_kept() {
        let recorded = |query: &[(&str, &str)], body: Value| Recorded {
            method: Method::POST,
            path: "/orders/1/lines".into(),
            query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            headers: vec![("Authorization".into(), "Token secret".into()), ("X-Tenant".into(), "7".into())],
            body: Some((BodyFormat::Json("application/json".into()), body)),
            ..Recorded::default()
        };
        let surface = surface([
            recorded(
                &[("dry", "true"), ("page", "2")],
                json!({ "sku": "a", "count": 1, "password": "secret" }),
            ),
            recorded(&[("dry", "false")], json!({ "sku": "b", "count": 1.5, "note": null })),
        ]);
        let [endpoint] = &surface.endpoints[..] else { panic!("{surface:?}") };
        assert_eq!(endpoint.name(), "POST /orders/{order_id}/lines");
        let parameters: Vec<(&str, bool, &Kind)> =
            endpoint.parameters.iter().map(|p| (p.name.as_str(), p.is_required, &p.shape.kind)).collect();
        assert_eq!(
            parameters,
            [
                ("order_id", true, &Kind::Integer),
                ("dry", true, &Kind::Boolean),
                ("page", false, &Kind::Integer),
                ("X-Tenant", true, &Kind::Text),
            ]
        );
        let fields = endpoint.body.as_ref().unwrap().shape.properties();
        let fields: Vec<(&str, bool, &Kind)> =
            fields.iter().map(|field| (field.name.as_str(), field.is_required, &field.shape.kind)).collect();
        assert_eq!(
            fields,
            [
                ("sku", true, &Kind::Text),
                ("count", true, &Kind::Number),
                ("password", false, &Kind::Text),
                ("note", false, &Kind::Any),
            ]
        );
        assert_eq!(surface.schemes, [Scheme::Authorization("Token".into())]);
        assert!(!format!("{surface:?}").contains("secret"));
    }
}

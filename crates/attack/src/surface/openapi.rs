//! The surface as an OpenAPI document has it.

use http::Method;
use openapi::{Document, Location, MediaType, Operation, SecurityScheme};

use super::role::{Called, role};
use super::{Body, BodyFormat, Endpoint, Kind, Parameter, Place, Scheme, Shape, Surface};

impl Surface {
    /// The operations of a document, once each: at the first of its servers.
    pub fn of(document: &Document) -> Self {
        let Some(server) = document.servers().first() else { return Surface::default() };
        let operations = document.operations().filter(|(.., op)| op.base_path == server.base_path);
        let endpoints: Vec<Endpoint> =
            operations.map(|(_, method, op)| Endpoint::of(document, method, op)).collect();
        let mut schemes = Vec::new();
        for (_, _, operation) in document.operations() {
            for scheme in operation.security.schemes().filter_map(Scheme::of) {
                if !schemes.contains(&scheme) {
                    schemes.push(scheme);
                }
            }
        }
        let info = |name: &str| {
            let text = document.root().pointer(&format!("/info/{name}"));
            text.and_then(serde_json::Value::as_str).unwrap_or("").to_owned()
        };
        Surface {
            endpoints,
            base_path: server.default_path.to_string(),
            schemes,
            title: info("title"),
            description: info("description"),
            ..Surface::default()
        }
    }
}

impl Scheme {
    fn of(scheme: &SecurityScheme) -> Option<Scheme> {
        Some(match scheme {
            SecurityScheme::Bearer => Scheme::Authorization("Bearer".into()),
            SecurityScheme::Http(word) => Scheme::Authorization(word.to_string()),
            // The word before such a token is in no field of the document: it is tried.
            SecurityScheme::ApiKey(Location::Header, name) if name.eq_ignore_ascii_case("authorization") => {
                return None;
            }
            SecurityScheme::ApiKey(Location::Header, name) => Scheme::Header(name.to_string()),
            SecurityScheme::ApiKey(Location::Query, name) => Scheme::Query(name.to_string()),
            SecurityScheme::ApiKey(Location::Cookie, name) => Scheme::Cookie(name.to_string()),
            _ => return None,
        })
    }
}

impl Endpoint {
    fn of(document: &Document, method: &Method, operation: &Operation) -> Self {
        let shape = |at: Option<&str>| at.map(|at| Shape::of(&document.schema(at)));
        let parameters: Vec<Parameter> = operation
            .parameters
            .iter()
            .map(|parameter| Parameter {
                name: parameter.name.to_string(),
                place: Place::of(parameter.location),
                is_required: parameter.required,
                shape: parameter_shape(document, parameter.schema.as_deref()),
            })
            .collect();
        let body = operation.body.as_ref().and_then(|body| {
            let required = body.required;
            let (format, media) = BodyFormat::best(&body.content)?;
            let shape = shape(media.schema.as_deref()).unwrap_or_default();
            let format = match format {
                BodyFormat::Multipart(_) => BodyFormat::Multipart(files(&shape)),
                format => format,
            };
            Some(Body { format, shape, is_required: required })
        });
        let success = operation.responses.iter().find(|response| response.status.starts_with('2'));
        let answers = success.map_or(&[][..], |response| &response.content);
        let scopes = operation.security.alternatives().iter().flatten().flat_map(|need| need.scopes.iter());
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        Endpoint {
            method: method.clone(),
            path: operation.path.to_string(),
            id: operation.id.to_string(),
            tags: operation.tags.iter().map(|tag| tag.to_string()).collect(),
            description: operation.description.to_string(),
            is_secured: operation.security.is_needed(),
            scopes: scopes.map(|scope| scope.to_string()).collect(),
            response: MediaType::json(answers).and_then(|media| shape(media.schema.as_deref())),
            is_page: answers.iter().any(|media| media.range.eq_ignore_ascii_case("text/html")),
            role: role(&Called {
                method,
                path: &operation.path,
                id: if operation.id.contains('/') { "" } else { &operation.id },
                is_read,
                has_path_parameter: operation.path.contains('{'),
                body: body.as_ref().map(|body| &body.shape),
            }),
            parameters,
            body,
            graphql: None,
        }
    }
}

/// The shape of a parameter, with the example that stands beside its schema.
fn parameter_shape(document: &Document, at: Option<&str>) -> Shape {
    let Some(at) = at else { return Shape::text() };
    let mut shape = Shape::of(&document.schema(at));
    if let Some(parameter) = at.strip_suffix("/schema")
        && let Some(example) = document.schema(parameter).keyword("example")
    {
        shape.given = Some(example.clone());
    }
    shape
}

impl Place {
    fn of(location: Location) -> Self {
        match location {
            Location::Path => Place::Path,
            Location::Query => Place::Query,
            Location::Header => Place::Header,
            Location::Cookie => Place::Cookie,
        }
    }
}

impl BodyFormat {
    /// How the body is sent: in JSON where that is taken, since most can be said in it.
    fn best(content: &[MediaType]) -> Option<(BodyFormat, &MediaType)> {
        let named =
            |name: &str| content.iter().find(|media| essence(&media.range).eq_ignore_ascii_case(name));
        if let Some(media) = content.iter().find(|media| media.is_json()) {
            let range = if media.range.contains('*') { "application/json" } else { &media.range };
            return Some((BodyFormat::Json(range.to_owned()), media));
        }
        if let Some(media) = named("application/x-www-form-urlencoded") {
            return Some((BodyFormat::Form, media));
        }
        if let Some(media) = named("multipart/form-data") {
            return Some((BodyFormat::Multipart(Vec::new()), media));
        }
        if let Some(media) = content.iter().find(|media| media.is_xml()) {
            return Some((BodyFormat::Xml("request".into()), media));
        }
        content
            .iter()
            .find(|media| media.range.contains('*'))
            .map(|media| (BodyFormat::Json("application/json".into()), media))
    }
}

/// A media type without its parameters.
fn essence(range: &str) -> &str {
    range.split(';').next().unwrap_or(range).trim()
}

/// The properties that are files.
fn files(shape: &Shape) -> Vec<String> {
    let is_file = |shape: &Shape| matches!(shape.format.as_deref(), Some("binary" | "byte"));
    let is_files = |shape: &Shape| matches!(&shape.kind, Kind::List(items) if is_file(items));
    let fields = shape.properties().iter().filter(|field| is_file(&field.shape) || is_files(&field.shape));
    fields.map(|field| field.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_parameter_has_the_example_beside_its_schema_first() {
        let document = json!({ "openapi": "3.1.0", "paths": { "/files": { "get": { "parameters": [
            { "name": "a", "in": "query", "schema": { "type": "string" }, "example": "welcome.txt" },
            { "name": "b", "in": "query", "schema": { "type": "string", "default": "x" } },
            { "name": "c", "in": "query", "schema": { "type": "string" } },
        ] } } } });
        let source = openapi::Source::new("api.json", document.to_string());
        let surface = Surface::of(&Document::parse(&source, None).unwrap());
        let given: Vec<_> = surface.endpoints[0].parameters.iter().map(|p| p.shape.given.clone()).collect();
        assert_eq!(given, [Some(json!("welcome.txt")), Some(json!("x")), None]);
    }
}

//! Operations: a method on a path, with its parameters, body and responses.

use std::sync::Arc;

use http::Method;
use inputs::XmlElement;
use serde_json::Value;

use crate::cost::Validator;
use crate::parameter::Parameter;
use crate::security::Security;
use crate::shape::ShapeId;
use crate::text::{Fields, Reading};
use crate::xml::XmlKind;

/// The fields of a path item that are operations.
pub(crate) const METHODS: [(&str, Method); 8] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("head", Method::HEAD),
    ("patch", Method::PATCH),
    ("trace", Method::TRACE),
];

/// The operations of one path.
#[derive(Debug, Default)]
pub struct PathItem {
    operations: Vec<(Method, Operation)>,
}

impl PathItem {
    /// The operation for a method. HEAD is answered by GET where the document has no HEAD (RFC 9110 §9.3.2).
    pub fn operation(&self, method: &Method) -> Option<&Operation> {
        let exact = self.operations.iter().find(|(m, _)| m == method);
        let found = exact.or_else(|| {
            (method == Method::HEAD).then(|| self.operations.iter().find(|(m, _)| m == Method::GET)).flatten()
        });
        found.map(|(_, operation)| operation)
    }

    /// The declared methods.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.operations.iter().map(|(method, _)| method)
    }

    /// The declared operations.
    pub fn iter(&self) -> impl Iterator<Item = (&Method, &Operation)> {
        self.operations.iter().map(|(method, operation)| (method, operation))
    }

    pub(crate) fn push(&mut self, method: Method, operation: Operation) {
        self.operations.push((method, operation));
    }
}

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// `operationId`, or method and path.
    pub id: Box<str>,
    /// Its path as the document has it.
    pub path: Box<str>,
    /// What stands before that: the [`Server::base_path`](crate::Server::base_path) of the server that this one is of.
    pub base_path: Box<str>,
    /// Path, query, header and cookie parameters.
    pub parameters: Vec<Parameter>,
    /// The request body, when one is declared.
    pub body: Option<Body>,
    /// The responses by status.
    pub responses: Vec<Response>,
    /// The credentials that it asks for.
    pub security: Security,
    /// What it is listed under.
    pub tags: Vec<Box<str>>,
    /// What people read of it: its summary and its description.
    pub description: Box<str>,
    /// Whether it should no longer be used.
    pub deprecated: bool,
}

impl Operation {
    /// The declared response for a status: exact, by class (`2XX`), or `default` (OpenAPI 3.1 §4.8.16).
    pub fn response(&self, status: u16) -> Option<&Response> {
        let by_key = |key: &str| self.responses.iter().find(|r| r.status.eq_ignore_ascii_case(key));
        by_key(&status.to_string())
            .or_else(|| by_key(&format!("{}XX", status / 100)))
            .or_else(|| by_key("default"))
    }
}

/// A request body.
#[derive(Debug)]
pub struct Body {
    /// Whether the request must have one.
    pub required: bool,
    /// The media types that it may have.
    pub content: Vec<MediaType>,
}

/// A response.
#[derive(Debug)]
pub struct Response {
    /// `200`, `2XX` or `default`.
    pub status: Box<str>,
    /// The media types that it may have.
    pub content: Vec<MediaType>,
}

/// One media type of a body.
#[derive(Debug)]
pub struct MediaType {
    /// `application/json`, `text/*`, `*/*`.
    pub range: Box<str>,
    /// Where its schema is in the document, as a JSON Pointer.
    pub schema: Option<Box<str>>,
    /// Which properties it knows.
    pub shape: Option<ShapeId>,
    /// Whether a value is right.
    pub(crate) validator: Option<Arc<Validator>>,
    pub(crate) fields: Fields,
    pub(crate) xml: Option<XmlKind>,
    /// Media types that a part of a multipart body may have, by its name.
    pub(crate) parts: Vec<(Box<str>, Vec<Box<str>>)>,
}

impl MediaType {
    /// Whether it is written as JSON.
    pub fn is_json(&self) -> bool {
        inputs::is_json(&self.range.to_ascii_lowercase())
    }

    /// The entry for JSON: `application/json`, another media type that is written as JSON, or a range that JSON is in.
    pub fn json(content: &[MediaType]) -> Option<&MediaType> {
        let exact = content.iter().find(|media| media.range.eq_ignore_ascii_case("application/json"));
        let written = exact.or_else(|| content.iter().find(|media| media.is_json()));
        written.or_else(|| MediaType::select(content, "application/json"))
    }

    /// The entry for a media type (without parameters): exact first, then `type/*`, then `*/*`.
    pub fn select<'m>(content: &'m [MediaType], essence: &str) -> Option<&'m MediaType> {
        let kind = essence.split('/').next().unwrap_or("");
        let exact = content.iter().find(|m| m.range.eq_ignore_ascii_case(essence));
        let by_type = || {
            content.iter().find(|m| m.range.strip_suffix("/*").is_some_and(|k| k.eq_ignore_ascii_case(kind)))
        };
        exact.or_else(by_type).or_else(|| content.iter().find(|m| &*m.range == "*/*"))
    }

    /// What is wrong with a value: JSON Pointer and reason, no values. At most `limit` of them.
    pub fn errors(&self, value: &Value, limit: usize) -> Vec<(String, String)> {
        self.validator.as_ref().map_or(Vec::new(), |validator| validator.errors(value, limit))
    }

    /// Whether a part of a multipart body may have a media type: any, where `encoding` names none.
    pub fn takes_part(&self, name: &str, media_type: &str) -> bool {
        let Some((_, ranges)) = self.parts.iter().find(|(known, _)| **known == *name) else { return true };
        ranges.iter().any(|range| match range.strip_suffix("/*") {
            Some("*") => true,
            Some(kind) => media_type.split('/').next() == Some(kind),
            None => media_type.eq_ignore_ascii_case(range),
        })
    }

    /// Whether its schema describes XML.
    pub fn is_xml(&self) -> bool {
        self.xml.is_some()
    }

    /// An XML document as the value that its schema describes, by its `xml` hints.
    pub fn read_xml(&self, root: &XmlElement) -> Option<Value> {
        self.xml.as_ref().map(|kind| kind.read(root))
    }

    /// A form as the object that its schema describes; where texts have more than one type, as the one that fits.
    pub fn read_form<'t>(&self, pairs: impl Iterator<Item = (&'t str, &'t str)> + Clone) -> Value {
        let value = self.fields.read(pairs.clone(), Reading::Text);
        match &self.validator {
            Some(validator) if !validator.is_valid(&value) => {
                let other = self.fields.read(pairs, Reading::Literal);
                if validator.is_valid(&other) { other } else { value }
            }
            _ => value,
        }
    }
}

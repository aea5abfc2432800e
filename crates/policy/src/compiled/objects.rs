//! Whose object it is: what is compared with claims, on the way in and on the way out.

use http::header::HeaderName;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use crate::config::Quantifier;
use inputs::GraphqlPath;
use openapi::PathTemplate;
use openapi::Pointer;

/// An object that a request names by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectReference {
    /// Where the id stands.
    pub input: Input,
    /// The type whose global id it is: what comes after the type is the id.
    pub node: Option<String>,
    /// The kind of object, under which responses were remembered.
    pub kind: Option<String>,
    /// Where the object can be read.
    pub read: Option<ReadPath>,
}

/// A path in which names in braces are filled in: `/api/orders/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPath {
    parts: Vec<ReadPart>,
}

/// What is escaped in a segment: all but unreserved characters (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Debug, Clone, PartialEq, Eq)]
enum ReadPart {
    Text(String),
    Name(String),
}

impl ReadPath {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let template = PathTemplate::parse(text).map_err(|e| e.to_string())?;
        let mut parts = Vec::new();
        let mut rest = text;
        for name in template.parameters() {
            let Some((before, after)) = rest.split_once(&format!("{{{name}}}")) else { continue };
            parts.push(ReadPart::Text(before.to_owned()));
            parts.push(ReadPart::Name(name.to_owned()));
            rest = after;
        }
        parts.push(ReadPart::Text(rest.to_owned()));
        Ok(ReadPath { parts })
    }

    /// The names that have to be filled in.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            ReadPart::Name(name) => Some(name.as_str()),
            ReadPart::Text(_) => None,
        })
    }

    /// The path with its names filled in, each as one segment; `None` when a name says nothing.
    pub fn fill<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                ReadPart::Text(text) => path.push_str(text),
                ReadPart::Name(name) => {
                    let value = value(name).filter(|v| !v.is_empty())?;
                    path.extend(percent_encoding::utf8_percent_encode(value, SEGMENT));
                }
            }
        }
        Some(path)
    }
}

impl std::fmt::Display for ReadPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            ReadPart::Text(text) => f.write_str(text),
            ReadPart::Name(name) => write!(f, "{{{name}}}"),
        })
    }
}

/// A value that must equal a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where the value stands.
    pub input: Input,
    /// The claim that it must equal.
    pub claim: String,
}

/// Where in a request a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A path parameter.
    Path(String),
    /// A query parameter.
    Query(String),
    /// A request header.
    Header(HeaderName),
    /// Values of the body.
    Body(Pointer),
    /// An argument of a GraphQL field.
    Graphql(GraphqlPath),
}

impl Input {
    /// Whether the value stands in the body, which then has to be read.
    pub fn is_in_body(&self) -> bool {
        matches!(self, Input::Body(_) | Input::Graphql(_))
    }
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Input::Path(name) => write!(f, "path.{name}"),
            Input::Query(name) => write!(f, "query.{name}"),
            Input::Header(name) => write!(f, "header.{name}"),
            Input::Body(pointer) => write!(f, "body.{pointer}"),
            Input::Graphql(path) => write!(f, "graphql.{path}"),
        }
    }
}

/// Where a response says whose object it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Where an object names its owner.
    pub fields: Vec<Pointer>,
    /// Whether one of the fields is enough.
    pub when: Quantifier,
    /// The claim that must equal it.
    pub claim: String,
    /// Where the list of objects is.
    pub list: Option<Pointer>,
    /// Where counts of the list are.
    pub counts: Vec<Pointer>,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = if self.when == Quantifier::Any { " or " } else { " and " };
        let fields: Vec<&str> = self.fields.iter().map(Pointer::as_str).collect();
        write!(f, "{} = {}", fields.join(word), self.claim)
    }
}
